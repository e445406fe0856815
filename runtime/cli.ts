#!/usr/bin/env node
import { runCommand } from "./commands/run.ts";
import { Failure } from "./failure.ts";

// Whoever should read what goes wrong may be gone, or its disk full; the exit code still says it.
process.stderr.on("error", () => {});
await main(process.argv.slice(2));

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
