import type { Call, Command } from "../command-line/command.ts";
import type { Project } from "../config/project.ts";
import type { RunRequest } from "../control/messages.ts";
import { Controls } from "../dev/controls.ts";
import type { NextRun } from "../dev/lane-loop.ts";
import { watchProject } from "../dev/loop.ts";
import type { StartRequest } from "../dev/round.ts";
import { openSession } from "../dev/session.ts";
import { Failure } from "../failure.ts";
import type { Interrupts } from "../process/interrupts.ts";
import { commandLine } from "../run/command.ts";
import { programEnvironment } from "../run/environment.ts";
import type { Stdio } from "../run/stream.ts";
import { recorded } from "../trace/record.ts";
import { rememberOutput } from "../watch/own-output.ts";
import { readKeys } from "./keys.ts";
import { provisionTarget } from "./provision.ts";
import { sharedStdio, stdioFor } from "./stdio.ts";

/** devtool watch [options] [CMD…] */
export const command: Command = async (call) => {
  rememberOutput();
  const { interactive, onBusy, provision, format, inspect } = call.options;
  const controls = new Controls();
  const hasKeys = !interactive && format !== "json";
  const report = hasKeys ? readKeys(process.stdin, controls, call.interrupts, call) : call.report;
  const session = recorded(await openSession({ ...call, report }), call.options.timings);
  const names = session.targets.map(({ name }) => name);
  if (interactive && names.length > 1) {
    throw new Failure("--interactive gives the terminal to one program, and there are several targets", {
      code: "usage",
      remedy: "name one with --target",
      exitCode: 2,
    });
  }
  commandLine(session.project, call.words, inspect);
  await programEnvironment(session.project, call.interrupts.signal);
  if (provision)
    for (const target of session.targets) await provisionTarget(target, session.project.root, { ...call, report });
  const interrupts = interactive ? endingToo(call.interrupts) : call.interrupts;
  const nextRun: NextRun = (project, target, laneReport) => ({
    argv: commandLine(project, call.words, inspect),
    environment: (signal) => programEnvironment(project, signal),
    stdio: stdioOf({ ...call, report: laneReport }, target, names),
    interrupts,
  });
  return await watchProject(session, { onBusy, controls }, { nextRun, beside });
};

/** What `devtool run` asks of this watch. */
function beside(project: Project, { words, locale, terminal }: RunRequest): StartRequest {
  return {
    argv: commandLine(project, words, undefined),
    environment: (signal) => programEnvironment(project, signal, locale),
    terminal: terminal ?? undefined,
  };
}

function stdioOf(call: Call, target: string, names: readonly string[]): Stdio {
  return names.length === 1 ? stdioFor(call, call.options.interactive) : sharedStdio(call, target, names);
}

/** A program with the terminal gets every signal; one that ends devtool ends the loop as well. */
function endingToo(interrupts: Interrupts): Interrupts {
  return {
    ...interrupts,
    intercept: (handler, all) =>
      interrupts.intercept((signal) => {
        handler(signal);
        if (signal === "SIGTERM" || signal === "SIGHUP") interrupts.end(signal);
      }, all),
  };
}
