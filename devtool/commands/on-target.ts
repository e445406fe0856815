import type { Call } from "../command-line/command.ts";
import { reach } from "../dev/lane/lane.ts";
import { openTarget } from "../dev/session.ts";
import { exitCodeOfStatus } from "../process/exit-code.ts";
import { reportOf } from "../report/origin.ts";
import { type EnvironmentSettings, programEnvironment } from "../run/environment.ts";
import { launch } from "../run/launch.ts";
import { stream, terminalOf } from "../run/stream.ts";
import { stdioFor } from "./stdio.ts";

type Opened = Awaited<ReturnType<typeof openTarget>>;

export interface Asked {
  /** `mirror`: its absolute path on the target, where it may not exist. */
  argv(mirror: string): readonly string[];
  readonly asRoot: boolean;
  /** Of the configuration; only the locale without them. */
  readonly variables?: EnvironmentSettings;
}

const NO_VARIABLES: EnvironmentSettings = { env: {}, envFile: undefined };

/**
 * Runs a command in the home on the target, with this process's streams, signals and terminal, and returns its exit code.
 * `asked`: the command, by what the configuration says.
 */
export async function runOnTarget(call: Call, asked: (opened: Opened) => Asked): Promise<number> {
  const { report, interrupts } = call;
  const opened = await openTarget(call);
  const { argv, asRoot, variables = NO_VARIABLES } = asked(opened);
  const env = await programEnvironment(variables, interrupts.signal);
  const { target } = opened;
  const { connection, mirror } = await reach(target, opened, report, interrupts.signal);
  try {
    const stdio = stdioFor({ ...call, report: reportOf(report, { target: target.name }) }, true);
    const request = { argv: argv(mirror), cwd: undefined, env, asRoot, terminal: terminalOf(stdio) };
    const launched = await launch(connection, request, interrupts.signal);
    const status = await stream(launched, stdio, interrupts, interrupts.signal).finally(stdio.finish);
    return exitCodeOfStatus(status);
  } finally {
    await connection.close();
  }
}
