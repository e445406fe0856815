import { diagnosticLine } from "./diagnostic.ts";
import type { Report } from "./events.ts";

/** Leaves out the diagnostics that another target has reported in the same round, with the notes that belong to them. */
export function onceForAll(report: Report): Report {
  const reportedBy = new Map<string, string>();
  const isLeftOut = new Map<string, boolean>();
  return (event, origin = {}) => {
    const target = origin.target ?? "";
    if (event.event === "diagnostic" && event.severity !== "note") {
      const key = `${origin.round} ${diagnosticLine(event)}`;
      const first = reportedBy.get(key) ?? target;
      reportedBy.set(key, first);
      isLeftOut.set(target, first !== target);
    }
    if (event.event !== "diagnostic" || !isLeftOut.get(target)) report(event, origin);
  };
}
