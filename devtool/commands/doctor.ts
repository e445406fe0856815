import type { Command } from "../command-line/command.ts";
import { openTarget } from "../dev/session.ts";
import { checkHere } from "../doctor/here.ts";
import { checkTarget } from "../doctor/on-target.ts";
import type { Report } from "../report/events.ts";
import { reportOf } from "../report/origin.ts";
import type { Check } from "../report/results.ts";

/**
 * devtool doctor: reports what is missing here and on the target. Exit code 1 when something that is needed is missing.
 */
export const command: Command = async (call) => {
  const { target, project } = await openTarget(call);
  let isReady = true;
  const add = (check: Check, report: Report) => {
    report({ event: "check", ...check });
    if (!check.ok && check.needed) isReady = false;
  };
  for (const check of await checkHere(target, project?.root)) add(check, call.report);
  const targetReport = reportOf(call.report, { target: target.name });
  for (const check of await checkTarget(target, project, call.interrupts.signal)) add(check, targetReport);
  return isReady ? 0 : 1;
};
