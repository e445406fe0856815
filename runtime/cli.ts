#!/usr/bin/env -S TINYDOCKER_NODE_OPTIONS=${NODE_OPTIONS} NODE_OPTIONS= node --
import { runCommand } from "./commands/run.ts";
import { Failure } from "./failure.ts";

restoreNodeOptions(process.env);
// Whoever should read what goes wrong may be gone, or its disk full; the exit code still says it.
process.stderr.on("error", () => {});
await main(process.argv.slice(2));

/** The first line keeps NODE_OPTIONS from this Node.js: it is for that of a container which gets it by -e. */
function restoreNodeOptions(env: NodeJS.ProcessEnv): void {
  const kept = env["TINYDOCKER_NODE_OPTIONS"];
  if (kept) env["NODE_OPTIONS"] = kept;
  else if (kept === "") delete env["NODE_OPTIONS"];
}

async function main(args: readonly string[]): Promise<void> {
  try {
    process.exitCode = await dispatch(args);
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** `run` is what an editor's loop waits for, so it loads nothing but what it needs. */
async function dispatch(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === "run" && rest[0] !== "--help") return runCommand(rest);
  const { otherCommands } = await import("./commands/command-line.ts");
  await otherCommands(args);
  return 0;
}

function report(error: unknown): number {
  if (!(error instanceof Failure)) {
    process.stderr.write(`tinydocker: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    return 125;
  }
  process.stderr.write(`tinydocker: ${error.message}\n${error.remedy ? `  ${error.remedy}\n` : ""}`);
  return error.exitCode;
}
