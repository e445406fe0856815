import type { Session } from "../dev/session.ts";
import { reportOf } from "../report/origin.ts";
import { traced } from "./collect.ts";
import { keep, shorten, traceFile } from "./store.ts";
import { timingsLine } from "./text.ts";

/** The session, with what its rounds took kept in a file. `tells`: it is also said after each. `round`: the only one. */
export function recorded(session: Session, tells: boolean, round?: number): Session {
  const file = traceFile(session.project.root);
  shorten(file);
  const { report, finish } = traced(session.report, (trace, origin) => {
    // A round that came to nothing, as of a target that can't be reached, leaves nothing.
    if (trace.spans.some(({ stage }) => stage !== "watch")) keep(file, trace);
    if (tells) session.report({ event: "notice", text: timingsLine(trace) }, origin);
  });
  process.once("exit", finish);
  return { ...session, report: round === undefined ? report : reportOf(report, { round }) };
}
