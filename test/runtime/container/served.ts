import { writeSync } from "node:fs";
import { report } from "../../../runtime/commands/output/report.ts";
import { execCommand } from "../../../runtime/commands/run/exec.ts";
import { runCommand } from "../../../runtime/commands/run/run.ts";
import { runVerb } from "../../../runtime/commands/verbs/run-verb.ts";
import { isListOf, isText } from "../../../runtime/shape.ts";

/*
 * The command line; without arguments, a process that does what its parent sends it, one command after the other, and says so
 * on standard error. So a test of what many commands do need not start Node.js for each.
 */
if (process.argv.length > 2) void import("../../../runtime/cli.ts");
else process.on("message", (words) => void serve(words));

async function serve(words: unknown): Promise<void> {
  const code = isListOf(isText)(words) ? await exitCodeOf(words) : 125;
  writeSync(2, `\0${code}\n`);
}

async function exitCodeOf(words: readonly string[]): Promise<number> {
  const [command, ...rest] = words;
  try {
    if (command === "run") return await runCommand(rest);
    return command === "exec" ? await execCommand(rest) : ((await runVerb(words)) ?? 125);
  } catch (error) {
    return report(error);
  }
}
