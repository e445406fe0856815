import { Console } from "node:console";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import type { Arguments } from "./command-line/arguments.ts";
import { askBeside } from "./commands/ask-beside.ts";
import { runBeside } from "./commands/run-beside.ts";
import { Failure, isFailure } from "./failure.ts";
import { errnoOf, errnoWords } from "./process/errno.ts";
import { surviveHangup } from "./process/hangup.ts";
import { Interrupted, listenForInterrupts } from "./process/interrupts.ts";
import type { Report } from "./report/events.ts";
import { type Format, openOutput } from "./report/format.ts";
import { reportFailure, reportOf } from "./report/origin.ts";
import { printableLines } from "./report/printable.ts";
import { openScreen, type Screen } from "./report/screen.ts";

type Asking = ReturnType<typeof askBeside> | undefined;

/** What is printed, and where. */
interface Opened {
  readonly format: Format;
  readonly screen: Screen;
  readonly report: Report;
  readonly finish: () => void;
}

let opened: Opened | undefined;
surviveHangup();
const interrupts = listenForInterrupts((exitCode) => process.exit(exitCode));
// What a promise that nobody awaits rejects with, such as one of the configuration's.
process.on("uncaughtException", (error) => void exitAfterOutput(exitCodeFor(error)));

/** Runs a command, and ends the process. `plain`: where it is parsed already, and `asked` of a watch. */
export async function main(argv: readonly string[], plain: Arguments | undefined, asked: Asking): Promise<void> {
  try {
    const code = await run(argv, plain, asked);
    await written(process.stdout);
    // A signal that comes when all is done changes nothing; what could not be printed does.
    if (interrupts.signal.reason instanceof Failure) throw interrupts.signal.reason;
    await exitAfterOutput(code);
  } catch (error) {
    await exitAfterOutput(exitCodeFor(error));
  }
}

async function run(argv: readonly string[], plain: Arguments | undefined, asked: Asking): Promise<number> {
  checkDirectory();
  const parsed = plain ?? (await (await program()).parseArguments(argv));
  const isRun = parsed.kind === "command" && parsed.name === "run";
  const beside = await (isRun && !plain ? askBeside(parsed) : asked);
  opened = open(parsed);
  switch (parsed.kind) {
    case "help":
      process.stdout.write(`${parsed.text}\n`);
      return 0;
    case "version":
      process.stdout.write(`${packageVersion()}\n`);
      return 0;
    case "command": {
      const call = { ...parsed, ...opened, interrupts };
      const code = beside && (await runBeside(beside, call));
      return code ?? (await (await program()).load(parsed.name))(call);
    }
    default:
      return parsed satisfies never;
  }
}

/** Opens what is printed to, which takes about as long as a watch needs to start a command. */
function open(parsed: Arguments | undefined): Opened {
  const { format, interactive, isWatch } = printing(parsed);
  process.stdout.on("error", endUnprinted);
  process.stderr.on("error", () => {});
  const screen = openScreen(process, format !== "json" && !interactive);
  // What the configuration prints, or a program that it imports, must not stand between the events, or on the line.
  if (format !== "human") globalThis.console = new Console(screen.stderr, screen.stderr);
  else if (screen.line) globalThis.console = new Console(screen.stdout, screen.stderr);
  const { report, finish } = openOutput(format, screen);
  return { format, screen, report: isWatch ? report : reportOf(report, { round: 1 }), finish };
}

function endUnprinted(error: Error): void {
  if (interrupts.signal.aborted) return;
  const errno = errnoOf(error) ?? "";
  // The kernel refuses a write to a closed terminal before this process sees the signal that says so.
  if (process.stdout.isTTY) interrupts.end("SIGHUP");
  // The reader has closed the pipe (`| head`).
  else if (!["ENOSPC", "EDQUOT", "EFBIG", "EIO"].includes(errno)) interrupts.end("SIGPIPE");
  else interrupts.fail(unprintable(errno, error));
}

/** It is also said where standard output has the events of a program. */
function unprintable(errno: string, cause: Error): Failure {
  const remedy = "free space on the disk that it leads to, or write elsewhere";
  const message = `can't write to standard output: ${errnoWords(errno)}`;
  if (opened?.format !== "human") opened?.screen.stderr.write(`devtool: ${message}\ndevtool:   ${remedy}\n`);
  return new Failure(message, { code: "output-unwritable", remedy, cause });
}

/** An error in the command line is an event too, so the format is a guess until that is parsed. */
function printing(parsed: Arguments | undefined) {
  if (parsed?.kind === "command") return { ...parsed.options, isWatch: parsed.name === "watch" };
  const isJson = /(^| )--(json|format[= ]json)( |$)/.test(process.argv.join(" "));
  return { format: isJson ? "json" : "human", interactive: true, isWatch: true } as const;
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
  opened ??= open(undefined);
  const failure = isFailure(error) ? error : openFilesFailure(error);
  if (failure) {
    reportFailure(failure, opened.report);
    return failure.exitCode;
  }
  reportBug(error, opened);
  return 1;
}

/** Whatever is opened may meet this limit, a file of devtool's own at the start too. */
function openFilesFailure(error: unknown): Failure | undefined {
  const errno = errnoOf(error);
  if (errno !== "EMFILE" && errno !== "ENFILE") return undefined;
  return new Failure(`this machine's limit of open files is reached (${errno})`, {
    code: "watch-limit",
    remedy: `raise it: ${errno === "EMFILE" ? "ulimit -n 65536" : "sudo sysctl fs.file-max=1048576"}`,
    cause: error,
  });
}

function reportBug(error: unknown, { format, screen, report }: Opened): void {
  if (format === "json") {
    const message = error instanceof Error ? error.message : String(error);
    report({ event: "failed", code: "internal", message, remedy: "report this bug with the lines on standard error" });
  }
  screen.stderr.write(printableLines(`${error instanceof Error ? error.stack : String(error)}\n`));
  screen.stderr.write("devtool: this is a bug; please report it with the lines above\n");
}

async function exitAfterOutput(exitCode: number): Promise<void> {
  opened?.finish();
  await written(process.stdout);
  await written(process.stderr);
  process.exit(exitCode);
}

/** On some systems writing to a pipe is asynchronous: waits until it is done, or has failed. */
async function written(stream: Writable): Promise<void> {
  await new Promise((settle) => void stream.write("", settle));
}
