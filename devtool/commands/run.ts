import type { Call, Command } from "../command-line/command.ts";
import { runOnce } from "../dev/loop.ts";
import { Failure } from "../failure.ts";
import { exitCodeOf } from "../process/exit-code.ts";
import { reportOf } from "../report/events.ts";
import { outputEvents } from "../report/output.ts";
import type { Ends } from "../run/stream.ts";
import { provisionTarget } from "./provision.ts";
import { openJob } from "./session.ts";

/** devtool run [options] [NAME CMD…] */
export const command: Command = async (call) => {
  const job = await openJob(call);
  const argv = commandLine(job.project.run, call.words);
  if (call.options.provision) await provisionTarget(job.target, job.project.root, call);
  const report = reportOf(call.report, { target: job.target.name });
  const status = await runOnce(job, { argv, ends: endsOf({ ...call, report }, true) });
  return status.signal === null ? status.code : exitCodeOf(status.signal);
};

export function commandLine(run: readonly string[], words: readonly string[]): string[] {
  const argv = [...run, ...words];
  if (argv.length > 0) return argv;
  throw new Failure("there is no command to run", {
    code: "usage",
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
