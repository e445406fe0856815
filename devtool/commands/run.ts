import type { Command } from "../command-line/command.ts";
import { type Outcome, runOnce } from "../dev/once.ts";
import { openSession } from "../dev/session.ts";
import { exitCodeOfStatus } from "../process/exit-code.ts";
import { reportOf } from "../report/origin.ts";
import { commandLine } from "../run/command.ts";
import { programEnvironment } from "../run/environment.ts";
import { recordedRound } from "../trace/record.ts";
import { provisionTarget } from "./provision.ts";
import { sharedStdio, stdioFor } from "./stdio.ts";

/** devtool run [options] [CMD…]: one round, over connections of its own. cli.ts asks a watch first. */
export const command: Command = async (call) => {
  const opened = await openSession(call);
  const session = { ...opened, report: recordedRound(call.report, opened.project.root, call.options.timings) };
  const { project, targets, interrupts } = session;
  const argv = commandLine(project, call.words, call.options.inspect);
  if (call.options.provision) for (const target of targets) await provisionTarget(target, project.root, call);
  const environment = (signal: AbortSignal) => programEnvironment(project, signal);
  await environment(interrupts.signal); // refuses a file that is not valid before anything is sent
  const names = targets.map(({ name }) => name);
  const outcomes = await runOnce(session, (target) => {
    const own = { ...call, report: reportOf(session.report, { target }) };
    const stdio = names.length === 1 ? stdioFor(own, true) : sharedStdio(own, target, names);
    return { argv, environment, stdio, interrupts };
  });
  if (outcomes.length > 1) for (const text of matrix(outcomes)) session.report({ event: "notice", text });
  return Math.max(...outcomes.map(codeOf));
};

/** The exit code of one lane. */
function codeOf(outcome: Outcome): number {
  if ("failure" in outcome) return outcome.failure.exitCode;
  return exitCodeOfStatus(outcome.status);
}

/** A line for each target: what came of it, and how long it took. */
function matrix(outcomes: readonly Outcome[]): string[] {
  const width = Math.max(...outcomes.map(({ target }) => target.length));
  return outcomes.map((outcome) => {
    const seconds = `${(outcome.milliseconds / 1000).toFixed(1)} s`;
    const result = "failure" in outcome ? `failed: ${outcome.failure.message}` : `exit code ${codeOf(outcome)}`;
    return `${outcome.target.padEnd(width)}  ${seconds.padStart(8)}  ${result}`;
  });
}
