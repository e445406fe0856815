import { readFileSync } from "node:fs";
import { constants } from "node:os";

/** The first of the signals that have no names of their own, and the last: signal(7), as the C library counts them. */
export const SIGRTMIN = 34;
export const SIGRTMAX = 64;

/** Such as SIGTERM or SIGRTMIN+3. */
export function signalName(number: number): NodeJS.Signals {
  const known = Object.entries(constants.signals).find(([, value]) => value === number);
  // Node.js has no names for real-time signals.
  return (known?.[0] ?? `SIGRTMIN+${number - SIGRTMIN}`) as NodeJS.Signals;
}

/** The number of what signalName returned. */
export function signalNumber(name: string): number {
  const realTime = /^SIGRTMIN\+(\d+)$/.exec(name);
  return realTime ? SIGRTMIN + Number(realTime[1]) : constants.signals[name as NodeJS.Signals];
}

/** Whether a mask of /proc/PID/status, hexadecimal, has the signal. */
export function isInMask(mask: string, signal: number): boolean {
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

/**
 * Returns whether this process's caller ignored a signal. launch.sh has read that; without it, only real-time signals are
 * known, because Node.js has set all others as it wants them.
 */
export function callersIgnored(): (signal: number) => boolean {
  const known = process.env["TINYDOCKER_IGNORED"];
  const mask = known || ignoredNow();
  return (signal) => (Boolean(known) || signal >= SIGRTMIN) && isInMask(mask, signal);
}

function ignoredNow(): string {
  const status = process.platform === "linux" ? readFileSync("/proc/self/status", "utf8") : "";
  return /^SigIgn:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
}
