import { closeSync, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { numbersOfDevice } from "../spec/security/device.ts";
import type { Shim } from "./shim.ts";

const INPUT = 0;

/** /dev/null and its like: MEM_MAJOR of linux/major.h. */
const MEMORY_DEVICES = 1;

/** isatty(3). Node.js's module for it takes 4 ms to load, so it is asked only about what may be one. */
export function isTerminal(fd: number): boolean {
  const stats = statsOf(fd);
  const mayBe = stats?.isCharacterDevice() && numbersOfDevice(stats.rdev).major !== MEMORY_DEVICES;
  return mayBe === true && process.getBuiltinModule("node:tty").isatty(fd);
}

/** Undefined for a descriptor that is closed. */
function statsOf(fd: number): Stats | undefined {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
}

/** Whether this process may read from the terminal: not if a shell started it in the background. */
export function isInForeground(): boolean {
  const stat = readFileSync("/proc/self/stat", "utf8");
  // After the name, which may contain anything: state, parent, group, session, terminal, the terminal's foreground group.
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return terminal === "0" || group === foreground;
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

/**
 * Puts /dev/null in place of terminals that are closed by the end of this process: Node.js sets the mode of those it began
 * with once more, and aborts where that fails.
 */
export function surviveHangup(): void {
  const terminals = [0, 1, 2].filter((fd) => isTerminal(fd));
  process.on("exit", () => {
    for (const fd of terminals.filter((fd) => !isTerminal(fd))) {
      closeSync(fd);
      // It gets the lowest number that is free.
      openSync("/dev/null", "r+");
    }
  });
}
