import { Failure } from "../../failure.ts";
import { durationOf } from "../../spec/duration.ts";

const DATE = /^(\d{4}-\d\d-\d\d)(?:[Tt](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?)?([Zz]|[+-]\d\d:\d\d)?$/;

/**
 * As docker reads --since and --until: a duration before now such as 10m or 1h30m, or behind a minus after it, seconds since
 * 1970, or a time of RFC 3339 with or without its end; to the nanosecond. Returns it as a log has it, to be compared as text.
 * Throws Failure.
 */
export function momentOf(option: string, written: string, now: number): string {
  const moment = sinceEpoch(written) ?? date(written) ?? beforeNow(written, now);
  if (!moment || !(Math.abs(moment.milliseconds) <= 8.64e15)) throw misused(option, written);
  const { milliseconds, fraction } = moment;
  const text = new Date(milliseconds).toISOString();
  if (fraction === undefined) return text.replace("Z", "000000Z");
  return text.replace(/\d{3}Z$/, `${fraction.padEnd(9, "0").slice(0, 9)}Z`);
}

interface Moment {
  readonly milliseconds: number;
  /** Digits of its second, which count for those of the milliseconds. */
  readonly fraction?: string | undefined;
}

function beforeNow(written: string, now: number): Moment | undefined {
  const [, sign, duration = ""] = /^([+-]?)(.*)$/s.exec(written) ?? [];
  const milliseconds = durationOf(duration);
  return milliseconds === undefined ? undefined : { milliseconds: now - (sign === "-" ? -1 : 1) * milliseconds };
}

function sinceEpoch(written: string): Moment | undefined {
  const [, seconds, fraction] = /^(\d+)(?:\.(\d+))?$/.exec(written) ?? [];
  return seconds === undefined ? undefined : { milliseconds: Number(seconds) * 1000, fraction };
}

/** Without a zone it is this machine's time. */
function date(written: string): Moment | undefined {
  const [, day, hour = "00", minute = "00", second = "00", fraction, zone = ""] = DATE.exec(written) ?? [];
  if (day === undefined) return undefined;
  return { milliseconds: Date.parse(`${day}T${hour}:${minute}:${second}${zone.toUpperCase()}`), fraction };
}

function misused(option: string, written: string): Failure {
  return new Failure(
    `${option} takes a duration such as 10m, a time such as 2026-11-26T11:00:00Z, or seconds since 1970, not ${JSON.stringify(written)}`,
    { code: "usage" },
  );
}
