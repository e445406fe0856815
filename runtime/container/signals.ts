import { readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Shim } from "../host/shim.ts";

/** The signals whose default action ends a process, that a supervisor sends, and that Node can catch. */
export const FORWARDED: readonly NodeJS.Signals[] = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
];

/**
 * Sends a signal to pid 1 of a container. The kernel drops a signal that a pid 1 doesn't handle, so SIGTERM would not end
 * `sleep`; such a process is killed instead. Returns whether it was, or was asked to be.
 */
export function deliver(shim: Shim, process: { pid: number; pidfd: number }, signal: NodeJS.Signals): boolean {
  const number = constants.signals[signal];
  const fatal = FORWARDED.includes(signal) && !isHandled(process.pid, number);
  shim.signal(process.pidfd, fatal ? constants.signals.SIGKILL : number);
  return fatal || signal === "SIGKILL";
}

/** The same for a signal whose character was typed: the kernel has sent it, and dropped it if pid 1 is in the foreground. */
export function deliverTyped(
  shim: Shim,
  process: { pid: number; pidfd: number; container: number },
  signal: NodeJS.Signals,
): boolean {
  const dropped =
    shim.foreground(process.container) === process.pid && !isHandled(process.pid, constants.signals[signal]);
  if (dropped) shim.signal(process.pidfd, constants.signals.SIGKILL);
  return dropped;
}

/** Caught, ignored, or blocked, as by a program that waits for signals with sigwait(3). */
function isHandled(pid: number, signal: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return [...status.matchAll(/^Sig(?:Cgt|Ign|Blk):\t([0-9a-f]+)$/gm)].some(
      ([, mask]) => (BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n,
    );
  } catch {
    return true; // the process has ended
  }
}
