import type { Session } from "../dev/session.ts";
import type { Report } from "../report/events.ts";
import { reportOf } from "../report/origin.ts";
import { traced } from "./collect.ts";
import { keep, shorten, traceFile } from "./store.ts";
import { timingsLine } from "./text.ts";

/** The session, with what its rounds took kept in a file. `tells`: it is also said after each. */
export function recorded(session: Session, tells: boolean): Session {
  return { ...session, report: recordedReport(session.report, session.project.root, tells) };
}

/** Of a command with one round, in the project at `root`. */
export function recordedRound(report: Report, root: string, tells: boolean): Report {
  return reportOf(recordedReport(report, root, tells), { round: 1 });
}

function recordedReport(report: Report, root: string, tells: boolean): Report {
  const file = traceFile(root);
  shorten(file);
  const { report: recording, finish } = traced(report, (trace, origin) => {
    // A round that came to nothing, as of a target that can't be reached, leaves nothing.
    if (trace.spans.some(({ stage }) => stage !== "watch")) keep(file, trace);
    if (tells) report({ event: "notice", text: timingsLine(trace) }, origin);
  });
  process.once("exit", finish);
  return recording;
}
