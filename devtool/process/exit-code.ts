import { LINUX_SIGNALS } from "../protocol/signals.ts";
import type { ExitStatus } from "../targets/target.ts";

/** The exit code that a shell reports for a process. */
export function exitCodeOfStatus({ code, signal }: ExitStatus): number {
  return signal === null ? code : exitCodeOf(signal);
}

/** The exit code that a shell reports for a process ended by a signal. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + (LINUX_SIGNALS[signal] ?? 0);
}
