import { LINUX_SIGNALS } from "../protocol/signals.ts";

/** As a shell tells of a process that a signal ended. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + (LINUX_SIGNALS[signal] ?? 0);
}
