import { signalNumber } from "../host/signals.ts";
import type { ExitStatus } from "../state/exit.ts";

/** As a shell reports a signal: 128 plus its number. */
export function exitCodeOf(status: ExitStatus): number {
  if (status.signal === null) return status.code;
  return 128 + signalNumber(status.signal);
}
