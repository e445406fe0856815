import { Failure } from "../../failure.ts";
import { durationOf } from "../../spec/duration.ts";

const DATE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?Z?$/;

/**
 * As docker reads --since and --until: a duration before now such as 10m or 1h30m, seconds since 1970, or a time of RFC 3339
 * with or without its end. Returns it as a log has it, to be compared as text. Throws Failure.
 */
export function momentOf(option: string, written: string, now: number): string {
  const milliseconds = millisecondsOf(written, now);
  if (milliseconds !== undefined && Math.abs(milliseconds) <= 8.64e15) return new Date(milliseconds).toISOString();
  throw new Failure(
    `${option} takes a duration such as 10m, a time such as 2026-11-26T11:00:00Z, or seconds since 1970, not ${JSON.stringify(written)}`,
    {
      code: "usage",
    },
  );
}

function millisecondsOf(written: string, now: number): number | undefined {
  const duration = written === "0" ? undefined : durationOf(written);
  if (duration !== undefined) return now - duration;
  if (/^\d+(\.\d+)?$/.test(written)) return Number(written) * 1000;
  // Without a zone it is this machine's time.
  const parsed = DATE.test(written) ? Date.parse(written.length === 10 ? `${written}T00:00` : written) : Number.NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}
