import type { EventLine, Report } from "./events.ts";
import { printableJson } from "./printable.ts";

/** Prints one JSON object per line on standard output. */
export function jsonReport({ stdout }: { readonly stdout: NodeJS.WritableStream }): Report {
  return (event, { round = null, target = null, since = 0 } = {}) => {
    const at = toMicroseconds(performance.now() - since);
    const line: EventLine = Object.assign({ event: event.event, round, target, at }, event);
    stdout.write(`${printableJson(line)}\n`);
  };
}

/** Rounds to microseconds: the clock is no finer. */
function toMicroseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
