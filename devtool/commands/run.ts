import type { Call, Command } from "../command.ts";
import { exitCodeOf } from "../exit-code.ts";
import { Failure } from "../failure.ts";
import { openJob } from "../job.ts";
import { runOnce } from "../loop.ts";
import { outputEvents } from "../output-events.ts";
import type { Ends } from "../stream.ts";
import { provisionTarget } from "./provision.ts";

/** devtool run [options] [NAME CMD…] */
export const command: Command = async (call) => {
  const job = await openJob(call);
  const argv = commandLine(job.project.run, call.words);
  if (call.options.provision) await provisionTarget(job.target, job.project.root, call);
  const status = await runOnce(job, { argv, ends: endsOf(call, true) });
  return status.signal === null ? status.code : exitCodeOf(status.signal);
};

export function commandLine(run: readonly string[], words: readonly string[]): string[] {
  const argv = [...run, ...words];
  if (argv.length > 0) return argv;
  throw new Failure("there is no command to run", {
    remedy: "write it behind the options, or as `run` in devtool.config.ts",
    exitCode: 2,
  });
}

/** This process's own streams, or events of them. */
export function endsOf({ options, report }: Call, hasInput: boolean): Ends {
  const { stdin, stdout, stderr } = process;
  const input = hasInput ? stdin : undefined;
  if (options.json) {
    const [out, err] = [outputEvents("stdout", report), outputEvents("stderr", report)];
    const finish = () => void [out, err].map((stream) => stream.end());
    return { stdin: input, stdout: out, stderr: err, isTerminal: false, finish };
  }
  return { stdin: input, stdout, stderr, isTerminal: hasInput && stdin.isTTY && stdout.isTTY, finish: () => {} };
}
