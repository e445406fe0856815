import { isatty } from "node:tty";
import type { Shim } from "./shim.ts";

const INPUT = 0;
const OUTPUT = 1;

/** A person sits at both ends: the container gets a terminal of its own. */
export function isInteractive(): boolean {
  return isatty(INPUT) && isatty(OUTPUT);
}

/** Raw mode, so that the container's own terminal is the one that interprets keys. Returns what undoes it. */
export function takeTerminal(shim: Shim): () => void {
  const restore = () => {
    shim.restore(INPUT);
    process.off("exit", restore);
  };
  // Also on the way out of an uncaught exception.
  process.on("exit", restore);
  shim.raw(INPUT);
  return restore;
}
