import { readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Shim } from "../host/shim.ts";
import { isInMask, signalNumber } from "../host/signals.ts";
import { ERRNO } from "../linux.ts";

/** Those whose default action is not to end a process: signal(7). */
const NOT_ENDING: readonly string[] = [
  "SIGCHLD",
  "SIGCONT",
  "SIGSTOP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGWINCH",
];

/**
 * Sends a signal to pid 1 of a container. The kernel drops a signal that a pid 1 doesn't handle, so SIGTERM would not end
 * `sleep`; such a process is killed instead.
 */
export function deliver(
  shim: Shim,
  process: { pid: number; pidfd: number },
  signal: NodeJS.Signals,
): "sent" | "killed" | "ended" {
  const number = signalNumber(signal);
  const fatal = !NOT_ENDING.includes(signal) && !isHandled(process.pid, number);
  const result = shim.signal(process.pidfd, fatal ? constants.signals.SIGKILL : number);
  if (result === -ERRNO.ESRCH) return "ended";
  return fatal ? "killed" : "sent";
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
    return [...status.matchAll(/^Sig(?:Cgt|Ign|Blk):\t([0-9a-f]+)$/gm)].some(([, mask = "0"]) =>
      isInMask(mask, signal),
    );
  } catch {
    return true; // the process has ended
  }
}
