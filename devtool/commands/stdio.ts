import type { Call } from "../command-line/command.ts";
import { outputEvents } from "../report/output.ts";
import type { Stdio } from "../run/stream.ts";

/**
 * Connects a command to this process's own streams, or with --format json its output to events. Without `hasInput` its input
 * is empty.
 */
export function stdioFor({ options, report }: Call, hasInput: boolean): Stdio {
  const { stdin, stdout, stderr } = process;
  const input = hasInput ? stdin : undefined;
  if (options.format === "json") {
    const [out, err] = [outputEvents("stdout", report), outputEvents("stderr", report)];
    const finish = () => void [out, err].map((stream) => stream.end());
    return { stdin: input, stdout: out, stderr: err, isTerminal: false, finish };
  }
  return { stdin: input, stdout, stderr, isTerminal: hasInput && stdin.isTTY && stdout.isTTY, finish: () => {} };
}
