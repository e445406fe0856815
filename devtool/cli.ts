#!/usr/bin/env -S node --
import { Console } from "node:console";
import { readFileSync } from "node:fs";
import type { Command } from "./command-line/command.ts";
import { plainRun } from "./command-line/plain.ts";
import type { CommandName } from "./command-line/tables.ts";
import { Failure } from "./failure.ts";
import { surviveHangup } from "./process/hangup.ts";
import { Interrupted, listenForInterrupts } from "./process/interrupts.ts";
import { type Format, openOutput } from "./report/format.ts";
import { reportFailure, reportOf } from "./report/origin.ts";
import { printableLines } from "./report/printable.ts";
import { openScreen } from "./report/screen.ts";

/** Each command's code is loaded only when that command is run. */
const LOAD: Readonly<Record<CommandName, () => Promise<Command>>> = {
  init: async () => (await import("./commands/init.ts")).command,
  config: async () => (await import("./commands/config.ts")).command,
  run: async () => (await import("./commands/run.ts")).command,
  watch: async () => (await import("./commands/watch.ts")).command,
  sync: async () => (await import("./commands/sync.ts")).command,
  build: async () => (await import("./commands/build.ts")).command,
  pull: async () => (await import("./commands/pull.ts")).command,
  doctor: async () => (await import("./commands/doctor.ts")).command,
  provision: async () => (await import("./commands/provision.ts")).command,
  up: async () => (await import("./commands/vagrant.ts")).up,
  halt: async () => (await import("./commands/vagrant.ts")).halt,
  destroy: async () => (await import("./commands/vagrant.ts")).destroy,
  trace: async () => (await import("./commands/trace.ts")).command,
  ide: async () => (await import("./commands/ide.ts")).command,
  exec: async () => (await import("./commands/containers.ts")).passedOn("exec"),
  ps: async () => (await import("./commands/containers.ts")).passedOn("ps"),
  logs: async () => (await import("./commands/containers.ts")).passedOn("logs"),
  stop: async () => (await import("./commands/containers.ts")).passedOn("stop"),
  rm: async () => (await import("./commands/containers.ts")).passedOn("rm"),
  stats: async () => (await import("./commands/containers.ts")).passedOn("stats"),
  ssh: async () => (await import("./commands/ssh.ts")).command,
  clean: async () => (await import("./commands/clean.ts")).command,
  status: async () => (await import("./commands/status.ts")).command,
  completion: async () => (await import("./commands/completion.ts")).command,
};

surviveHangup();
const interrupts = listenForInterrupts((exitCode) => process.exit(exitCode));
// An error in the command line is an event too, so this is a guess until the command line is parsed.
let format: Format = /(^| )--(json|format[= ]json)( |$)/.test(process.argv.join(" ")) ? "json" : "human";
let output = openOutput(format, openScreen(process, false));
let { report } = output;
// The reader has closed the pipe (`| head`).
process.stdout.on("error", () => interrupts.end("SIGPIPE"));
process.stderr.on("error", () => {});
// What a promise that nobody awaits rejects with, such as one of the configuration's.
process.on("uncaughtException", (error) => exitAfterOutput(exitCodeFor(error)));
exitAfterOutput(await main(process.argv.slice(2)).catch(exitCodeFor));

async function main(argv: readonly string[]): Promise<number> {
  checkDirectory();
  const parsed = plainRun(argv) ?? (await (await import("./command-line/arguments.ts")).parseArguments(argv));
  switch (parsed.kind) {
    case "help":
      process.stdout.write(`${parsed.text}\n`);
      return 0;
    case "version":
      process.stdout.write(`${packageVersion()}\n`);
      return 0;
    case "command": {
      format = parsed.options.format;
      const screen = openScreen(process, format !== "json" && !parsed.options.interactive);
      // What the configuration prints, or a program that it imports, must not stand between the events, or on the line.
      if (format !== "human") globalThis.console = new Console(screen.stderr, screen.stderr);
      else if (screen.line) globalThis.console = new Console(screen.stdout, screen.stderr);
      output = openOutput(format, screen);
      report = parsed.name === "watch" ? output.report : reportOf(output.report, { round: 1 });
      const command = await LOAD[parsed.name]();
      return await command({ ...parsed, report, screen, interrupts });
    }
    default:
      return parsed satisfies never;
  }
}

/** Node.js and its packages throw where the current directory was removed. */
function checkDirectory(): void {
  try {
    process.cwd();
  } catch (cause) {
    throw new Failure("the current directory does not exist any more", {
      code: "usage",
      remedy: "change to the project's folder",
      exitCode: 2,
      cause,
    });
  }
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
  if (format === "json") {
    const message = error instanceof Error ? error.message : String(error);
    report({ event: "failed", code: "internal", message, remedy: "report this bug with the lines on standard error" });
  }
  process.stderr.write(printableLines(`${error instanceof Error ? error.stack : String(error)}\n`));
  process.stderr.write("devtool: this is a bug; please report it with the lines above\n");
}

/** On some systems writing to a pipe is asynchronous: waits until it is done. */
function exitAfterOutput(exitCode: number): void {
  output.finish();
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
}
