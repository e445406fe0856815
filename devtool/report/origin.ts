import type { Failure } from "../failure.ts";
import type { Event, Origin, Report } from "./events.ts";

/** Returns a report for one round or target, which adds this origin to each event that does not have its own. */
export function reportOf(report: Report, origin: Origin): Report {
  return (event, inner) => report(event, { ...origin, ...inner });
}

export function reportFailure({ message, code, remedy, target }: Failure, report: Report): void {
  const failed: Event = { event: "failed", code, message, remedy: remedy ?? null };
  report(failed, target === undefined ? {} : { target });
}
