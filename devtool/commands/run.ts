import type { Command } from "../command-line/command.ts";
import type { Project, ProjectBundle } from "../config/project.ts";
import { runOnce } from "../dev/once.ts";
import { openSession } from "../dev/session.ts";
import { Failure } from "../failure.ts";
import { exitCodeOf } from "../process/exit-code.ts";
import { reportOf } from "../report/origin.ts";
import { programEnvironment } from "../run/environment.ts";
import { type Inspect, inspectable } from "../run/inspect.ts";
import { type BundleFacts, withNodeOptions } from "../run/node-options.ts";
import { recorded } from "../trace/record.ts";
import { provisionTarget } from "./provision.ts";
import { stdioFor } from "./stdio.ts";

/** devtool run [options] [CMD…] */
export const command: Command = async (call) => {
  const session = recorded(await openSession(call), call.options.timings, 1);
  const argv = commandLine(session.project, call.words, call.options.inspect);
  if (call.options.provision) await provisionTarget(session.target, session.project.root, call);
  const report = reportOf(session.report, { target: session.target.name });
  const stdio = stdioFor({ ...call, report }, true);
  const environment = () => programEnvironment(session.project);
  await environment(); // refuses a file that is not valid before anything is sent
  const status = await runOnce(session, { argv, environment, stdio, interrupts: call.interrupts });
  return status.signal === null ? status.code : exitCodeOf(status.signal);
};

export function commandLine(
  { run, bundle }: Pick<Project, "run" | "bundle">,
  words: readonly string[],
  inspect: Inspect | undefined,
): string[] {
  const argv = [...run, ...words];
  if (argv.length > 0) {
    const ended = bundle ? withNodeOptions(argv, factsOf(bundle)) : argv;
    return inspect ? inspectable(ended, inspect) : ended;
  }
  throw new Failure("there is no command to run", {
    code: "usage",
    remedy: "give one after the options, or set `run` in the configuration",
    exitCode: 2,
  });
}

function factsOf({ outdir, options: { sourcemap } }: ProjectBundle): BundleFacts {
  return { outdir, hasSourceMaps: sourcemap !== false && sourcemap !== "external" };
}
