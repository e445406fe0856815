import { readFileSync } from "node:fs";
import { constants } from "node:os";
import type { Shim } from "../../host/shim.ts";
import { isInMask, signalNumber } from "../../host/signals.ts";
import { ERRNO } from "../../linux.ts";

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
 * `sleep`; such a process is killed instead. "blocked": see killIfDropped.
 */
export function deliver(
  shim: Shim,
  process: { pid: number; pidfd: number },
  signal: NodeJS.Signals,
): "sent" | "blocked" | "killed" | "ended" {
  const number = signalNumber(signal);
  const disposition = NOT_ENDING.includes(signal) ? "handled" : dispositionOf(process.pid, number);
  const fatal = disposition === "default";
  const result = shim.signal(process.pidfd, fatal ? constants.signals.SIGKILL : number);
  if (result === -ERRNO.ESRCH) return "ended";
  if (fatal) return "killed";
  return disposition === "blocked" ? "blocked" : "sent";
}

/**
 * To be called a moment after a signal that pid 1 blocked. A program that waits for signals with sigwait(3) keeps it
 * blocked; but fork(3) blocks all signals for a moment, and the kernel drops one that is not handled once it is unblocked.
 * Returns whether pid 1 was killed for it.
 */
export function killIfDropped(shim: Shim, process: { pid: number; pidfd: number }, signal: NodeJS.Signals): boolean {
  if (dispositionOf(process.pid, signalNumber(signal)) !== "default") return false;
  return shim.signal(process.pidfd, constants.signals.SIGKILL) === 0;
}

/** The same for a signal whose character was typed: the kernel has sent it, and dropped it if pid 1 is in the foreground. */
export function deliverTyped(
  shim: Shim,
  process: { pid: number; pidfd: number; container: number },
  signal: NodeJS.Signals,
): boolean {
  const dropped =
    shim.foreground(process.container) === process.pid &&
    dispositionOf(process.pid, constants.signals[signal]) === "default";
  if (dropped) shim.signal(process.pidfd, constants.signals.SIGKILL);
  return dropped;
}

/** What a process does with a signal. */
function dispositionOf(pid: number, signal: number): "handled" | "blocked" | "default" {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "handled"; // the process has ended
  }
  const has = (mask: string) => isInMask(new RegExp(`^${mask}:\\t([0-9a-f]+)$`, "m").exec(status)?.[1] ?? "0", signal);
  if (has("SigCgt") || has("SigIgn")) return "handled";
  return has("SigBlk") ? "blocked" : "default";
}
