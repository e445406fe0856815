import type { EventLine, Report } from "./events.ts";

/** One JSON object a line on standard output. */
export function jsonReport({ stdout }: { readonly stdout: NodeJS.WritableStream }): Report {
  return (event, { round = null, target = null, since = 0 } = {}) => {
    const at = microseconds(performance.now() - since);
    const line: EventLine = Object.assign({ event: event.event, round, target, at }, event);
    stdout.write(`${JSON.stringify(line)}\n`);
  };
}

/** Milliseconds, without digits that no clock has. */
function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
