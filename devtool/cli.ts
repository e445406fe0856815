#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { type CommandName, parseArguments } from "./command-line/arguments.ts";
import type { Command } from "./command-line/command.ts";
import { Failure } from "./failure.ts";
import { Interrupted, listenForInterrupts } from "./process/interrupts.ts";
import { type Report, reportFailure, reportOf } from "./report/events.ts";
import { jsonReport } from "./report/json.ts";
import { humanReport } from "./report/lines.ts";

/** A command's code is read only when it is asked for. */
const LOAD: Readonly<Record<CommandName, () => Promise<Command>>> = {
  run: async () => (await import("./commands/run.ts")).command,
  watch: async () => (await import("./commands/watch.ts")).command,
  sync: async () => (await import("./commands/sync.ts")).command,
  build: async () => (await import("./commands/build.ts")).command,
  doctor: async () => (await import("./commands/doctor.ts")).command,
  provision: async () => (await import("./commands/provision.ts")).command,
  up: async () => (await import("./commands/vagrant.ts")).up,
  halt: async () => (await import("./commands/vagrant.ts")).halt,
  destroy: async () => (await import("./commands/vagrant.ts")).destroy,
  ssh: async () => (await import("./commands/ssh.ts")).command,
  status: async () => (await import("./commands/status.ts")).command,
};

const interrupts = listenForInterrupts((exitCode) => process.exit(exitCode));
// What is wrong with the command line is an event too, so until it is parsed this is a guess.
let isJson = process.argv.includes("--json");
let report = newReport();
// Nobody reads any more (`| head`).
process.stdout.on("error", () => interrupts.end("SIGPIPE"));
process.stderr.on("error", () => {});
exitAfterOutput(await main(process.argv.slice(2)).catch(exitCodeFor));

async function main(argv: readonly string[]): Promise<number> {
  const said = await parseArguments(argv);
  switch (said.kind) {
    case "help":
      process.stdout.write(`${said.text}\n`);
      return 0;
    case "version":
      process.stdout.write(`${packageVersion()}\n`);
      return 0;
    case "command": {
      isJson = said.options.json;
      report = said.name === "watch" ? newReport() : reportOf(newReport(), { round: 1 });
      const command = await LOAD[said.name]();
      return await command({ ...said, report, interrupts });
    }
    default:
      return said satisfies never;
  }
}

function newReport(): Report {
  return isJson ? jsonReport(process) : humanReport(process);
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "";
}

function exitCodeFor(error: unknown): number {
  if (interrupts.signal.aborted && interrupts.signal.reason instanceof Interrupted)
    return interrupts.signal.reason.exitCode;
  if (error instanceof Failure) {
    reportFailure(error, report);
    return error.exitCode;
  }
  reportBug(error);
  return 1;
}

function reportBug(error: unknown): void {
  if (isJson) {
    const message = error instanceof Error ? error.message : String(error);
    report({ event: "failed", code: "internal", message, remedy: "report this bug with the lines on standard error" });
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.stderr.write("devtool: this is a bug; please report it with the lines above\n");
}

/** Output to a pipe may still be on its way, on some systems. */
function exitAfterOutput(exitCode: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
}
