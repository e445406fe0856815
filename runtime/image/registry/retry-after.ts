import type { IncomingHttpHeaders } from "node:http";

/** How long a registry asks to wait, in milliseconds, by RFC 9110 §10.2.3: in seconds, or until a date. */
export function retryAfter({ "retry-after": written = "" }: IncomingHttpHeaders): number | undefined {
  if (/^\d{1,9}$/.test(written)) return Number(written) * 1_000;
  const until = written.endsWith(" GMT") ? Date.parse(written) : Number.NaN;
  return Number.isNaN(until) ? undefined : Math.max(0, until - Date.now());
}
