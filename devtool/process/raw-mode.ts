import { isInForeground } from "./foreground.ts";

export interface RawTerminal {
  setRawMode(raw: boolean): unknown;
}

/**
 * Sets raw mode, again where a shell has set its own while this process was stopped, until the returned function is called.
 * `also`: what belongs to it.
 */
export function enterRawMode(terminal: RawTerminal, also: () => void = () => {}): () => void {
  const enter = () => {
    terminal.setRawMode(false); // Node.js does nothing where it has set it before
    terminal.setRawMode(true);
    also();
  };
  const continued = () => void isInForeground().then((may) => may && !isOver && enter());
  const leave = () => {
    isOver = true;
    terminal.setRawMode(false);
    process.off("exit", leave);
    process.off("SIGCONT", continued);
  };
  let isOver = false;
  process.on("exit", leave); // also after an uncaught exception
  process.on("SIGCONT", continued);
  enter();
  return leave;
}

/** Node.js's raw mode leaves it to the terminal to show CR LF for LF, which cfmakeraw(3) and ssh don't. */
export function passOutput(): void {
  if (process.platform === "win32") return;
  // At once, as what it changes would outlive a restored mode. Loaded only here, which takes a millisecond.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] });
}
