import { Console } from "node:console";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { plainRun } from "./command-line/plain.ts";
import { runBesideWatch } from "./commands/run-beside.ts";
import { Failure, isFailure } from "./failure.ts";
import { surviveHangup } from "./process/hangup.ts";
import { Interrupted, listenForInterrupts } from "./process/interrupts.ts";
import { type Format, openOutput } from "./report/format.ts";
import { reportFailure, reportOf } from "./report/origin.ts";
import { printableLines } from "./report/printable.ts";
import { openScreen } from "./report/screen.ts";

surviveHangup();
const interrupts = listenForInterrupts((exitCode) => process.exit(exitCode));
// An error in the command line is an event too, so this is a guess until the command line is parsed.
let format: Format = /(^| )--(json|format[= ]json)( |$)/.test(process.argv.join(" ")) ? "json" : "human";
let screen = openScreen(process, false);
let output = openOutput(format, screen);
let { report } = output;
// The reader has closed the pipe (`| head`).
process.stdout.on("error", () => interrupts.end("SIGPIPE"));
process.stderr.on("error", () => {});
// What a promise that nobody awaits rejects with, such as one of the configuration's.
process.on("uncaughtException", (error) => exitAfterOutput(exitCodeFor(error)));
main(process.argv.slice(2)).catch(exitCodeFor).then(exitAfterOutput);

async function main(argv: readonly string[]): Promise<number> {
  checkDirectory();
  const parsed = plainRun(argv) ?? (await (await program()).parseArguments(argv));
  switch (parsed.kind) {
    case "help":
      process.stdout.write(`${parsed.text}\n`);
      return 0;
    case "version":
      process.stdout.write(`${packageVersion()}\n`);
      return 0;
    case "command": {
      format = parsed.options.format;
      screen = openScreen(process, format !== "json" && !parsed.options.interactive);
      // What the configuration prints, or a program that it imports, must not stand between the events, or on the line.
      if (format !== "human") globalThis.console = new Console(screen.stderr, screen.stderr);
      else if (screen.line) globalThis.console = new Console(screen.stdout, screen.stderr);
      output = openOutput(format, screen);
      report = parsed.name === "watch" ? output.report : reportOf(output.report, { round: 1 });
      const call = { ...parsed, report, screen, interrupts };
      const code = parsed.name === "run" ? await runBesideWatch(call) : undefined;
      return code ?? (await (await program()).load(parsed.name))(call);
    }
    default:
      return parsed satisfies never;
  }
}

/** What a run beside a watch does not need, which takes less time than loading this. */
async function program() {
  return await import("./program.ts");
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
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "";
}

function exitCodeFor(error: unknown): number {
  if (interrupts.signal.aborted && interrupts.signal.reason instanceof Interrupted)
    return interrupts.signal.reason.exitCode;
  if (isFailure(error)) {
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
  screen.stderr.write(printableLines(`${error instanceof Error ? error.stack : String(error)}\n`));
  screen.stderr.write("devtool: this is a bug; please report it with the lines above\n");
}

/** On some systems writing to a pipe is asynchronous: waits until it is done. */
function exitAfterOutput(exitCode: number): void {
  output.finish();
  process.stdout.write("", () => process.stderr.write("", () => process.exit(exitCode)));
}
