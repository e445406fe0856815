import { isatty } from "node:tty";
import type { Shim } from "./shim.ts";

const INPUT = 0;
const OUTPUT = 1;

/** Standard input and output are terminals, so the container gets its own. */
export function isInteractive(): boolean {
  return isatty(INPUT) && isatty(OUTPUT);
}

/** Sets raw mode, so that the container's terminal is the one that interprets keys. Returns a function that undoes it. */
export function takeTerminal(shim: Shim): () => void {
  const restore = () => {
    shim.restore(INPUT);
    process.off("exit", restore);
  };
  // Also at the exit after an uncaught exception.
  process.on("exit", restore);
  shim.raw(INPUT);
  return restore;
}
