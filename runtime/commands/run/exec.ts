import { resolve } from "node:path";
import { exec, execDetached } from "../../container/exec.ts";
import { openShim } from "../../host/shim.ts";
import { takeTerminal } from "../../host/terminal.ts";
import { exitCodeOf } from "../../state/exit.ts";
import { stateRoot } from "../../state/root.ts";
import { report } from "../output/report.ts";
import { catchSignals } from "../signals.ts";
import { type ExecArguments, parseExec } from "./exec-arguments.ts";
import { explainOnStderr } from "./explain.ts";
import { streamsFor } from "./streams.ts";

/** Runs a command in a container by the arguments after `exec`, and returns the exit code that docker would. */
export async function execCommand(args: readonly string[]): Promise<number> {
  try {
    const parsed = parseExec(args);
    return await (parsed.detached ? leave(parsed) : run(parsed));
  } catch (error) {
    return report(error);
  }
}

async function run({ name, request, streams, explain }: ExecArguments): Promise<number> {
  const { terminal, stdio, raw } = streamsFor(streams);
  const observer = explain ? await explainOnStderr() : undefined;
  const shim = await openShim();
  const signals = catchSignals(shim, terminal);
  let restore = () => {};
  try {
    const running = await exec(resolve(stateRoot()), name, { ...request, terminal }, { stdio, observer });
    if (raw) restore = takeTerminal(shim);
    signals.forwardTo(running);
    return exitCodeOf(await running.exited);
  } finally {
    restore();
    signals.stop();
    observer?.finish();
  }
}

async function leave({ name, request, explain }: ExecArguments): Promise<number> {
  const observer = explain ? await explainOnStderr() : undefined;
  try {
    await execDetached(resolve(stateRoot()), name, request, observer);
    return 0;
  } finally {
    observer?.finish();
  }
}
