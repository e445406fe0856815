import type { Session } from "../dev/session.ts";
import type { Report } from "../report/events.ts";
import { reportOf } from "../report/origin.ts";
import type { RemoteProcess } from "../targets/target.ts";
import { traced } from "./collect.ts";
import type { RoundTrace, TracedStage } from "./round.ts";
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
    keepRound(file, trace);
    if (tells) report({ event: "notice", text: timingsLine(trace) }, origin);
  });
  process.once("exit", finish);
  return recording;
}

/** A round that came to nothing, as of a target that can't be reached, leaves nothing. */
function keepRound(file: string, trace: RoundTrace): void {
  if (trace.spans.some(({ stage }) => !BEFORE_WORK.includes(stage))) keep(file, trace);
}

const BEFORE_WORK: readonly TracedStage[] = ["start", "watch", "connect"];

/** Records a round that began at `since`, in which `start` starts a process, until that prints or ends. */
export async function recordedStart(
  { report, root, since }: { readonly report: Report; readonly root: string; readonly since: number },
  start: (report: Report) => Promise<RemoteProcess | undefined>,
): Promise<{ readonly process: RemoteProcess; readonly onOutput: () => void } | undefined> {
  const file = traceFile(root);
  const { report: recording, finish } = traced(report, (trace) => keepRound(file, trace));
  const own = reportOf(recording, { round: 1, since });
  const process = await start(own).catch((error: unknown) => {
    finish();
    throw error;
  });
  const over = () => {
    finish();
    setImmediate(() => shorten(file)); // after the end was passed on, which someone waits for
  };
  process?.exited.then((status) => own({ event: "exited", ...status })).then(over, over);
  return process && { process, onOutput: () => own({ event: "responded", milliseconds: performance.now() - since }) };
}
