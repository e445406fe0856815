import { nextTick } from "node:process";
import type { Readable, Writable } from "node:stream";
import type { Interrupts } from "../process/interrupts.ts";
import type { Report } from "../report/events.ts";
import type { ExitStatus, RemoteProcess } from "../targets/target.ts";
import type { Launched, LaunchRequest } from "./launch.ts";
import { terminalAt } from "./terminal.ts";

/** devtool's own side of a command's standard streams. */
export interface Stdio {
  /** undefined if the command's input is empty. */
  readonly stdin: Readable | undefined;
  readonly stdout: Writable & { columns?: number; rows?: number };
  readonly stderr: Writable;
  /** Where the command gets this terminal: it has it until the returned function is called. */
  readonly giveTerminal?: () => () => void;
  /** Called for each piece of output that was written as it is. */
  passed?(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  /** Called after the last byte of output. */
  finish(): void;
}

/** The size and type for the command's terminal; undefined if it gets none. */
export function terminalOf({ giveTerminal, stdout }: Stdio): LaunchRequest["terminal"] {
  return giveTerminal && terminalAt(stdout);
}

/** From SIGTERM to SIGKILL. */
const END_GRACE_MS = 5_000;

/**
 * Forwards a command's bytes, signals and terminal size until it ends. Aborting `signal` ends the command. `onOutput` is
 * called for each piece of output, unless the command has this process's own terminal.
 */
export async function stream(
  launched: Launched,
  stdio: Stdio,
  interrupts: Interrupts,
  signal: AbortSignal,
  onOutput: () => void = () => {},
): Promise<ExitStatus> {
  if (launched.kind === "own terminal") {
    const release = interrupts.intercept(() => {}, "all"); // what runs the command passes them on
    return await launched.run().finally(release);
  }
  const { process } = launched;
  const onAbort = () => void endRun(process);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return stdio.giveTerminal
      ? await carryTerminal(process, stdio, stdio.giveTerminal, interrupts, onOutput)
      : await carryPipes(process, stdio, interrupts, onOutput);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Does the same, and reports the first output and the end, with times since `startedAt`. */
export async function streamed(
  launched: Launched,
  { stdio, interrupts }: { readonly stdio: Stdio; readonly interrupts: Interrupts },
  report: Report,
  { signal, startedAt }: { readonly signal: AbortSignal; readonly startedAt: number },
): Promise<ExitStatus> {
  let hasResponded = false;
  const onOutput = () => {
    if (!hasResponded) report({ event: "responded", milliseconds: performance.now() - startedAt });
    hasResponded = true;
  };
  const status = await stream(launched, stdio, interrupts, signal, onOutput).finally(stdio.finish);
  if (!signal.aborted) report({ event: "exited", ...status });
  return status;
}

/** SIGTERM, and SIGKILL if it still runs after END_GRACE_MS. */
export async function endRun(process: RemoteProcess): Promise<void> {
  process.kill("SIGTERM");
  const timer = setTimeout(() => process.kill("SIGKILL"), END_GRACE_MS);
  await process.exited.catch(() => {});
  clearTimeout(timer);
}

async function carryPipes(
  process: RemoteProcess,
  stdio: Stdio,
  interrupts: Interrupts,
  onOutput: () => void,
): Promise<ExitStatus> {
  const { stdin } = stdio;
  if (stdin) stdin.pipe(process.stdin);
  else process.stdin.end();
  const release = stdio.stdin === undefined ? () => {} : forwardSignals(process, interrupts);
  let isReaderGone = false;
  const onReaderGone = () => {
    isReaderGone = true;
    void endRun(process);
  };
  const carry = async (name: "stdout" | "stderr") => {
    const onChunk = (chunk: Buffer) => {
      onOutput();
      stdio.passed?.(name, chunk);
    };
    await pump(process[name], stdio[name], onChunk, onReaderGone);
  };
  try {
    const [status] = await Promise.all([process.exited, carry("stdout"), carry("stderr")]);
    // As if the command itself had written to the closed pipe.
    return isReaderGone ? { code: null, signal: "SIGPIPE" } : status;
  } finally {
    release();
    stdin?.unpipe(process.stdin);
    stdin?.pause();
  }
}

/**
 * The command acts on signals itself; SIGTERM and SIGHUP are followed by SIGKILL if it still runs after END_GRACE_MS.
 */
function forwardSignals(process: RemoteProcess, interrupts: Interrupts): () => void {
  return interrupts.intercept((signal) => {
    if (signal === "SIGTERM" || signal === "SIGHUP") setTimeout(() => process.kill("SIGKILL"), END_GRACE_MS).unref();
    process.kill(signal);
  });
}

/**
 * Copies to the end, no faster than `to` accepts it. Once `to` has lost its reader, calls `onReaderGone` and drops the
 * rest.
 */
async function pump(
  from: Readable,
  to: Writable,
  onChunk: (chunk: Buffer) => void,
  onReaderGone: () => void,
): Promise<void> {
  let isClosed = false;
  const onError = () => {
    if (!isClosed) onReaderGone();
    isClosed = true;
  };
  to.on("error", onError);
  let isCorked = false;
  const flush = () => {
    isCorked = false;
    to.uncork();
    // Most of the time a pipe or a file has taken it by now, although write() asks for a pause after 16 KiB.
    if (!to.writableNeedDrain || to.writableLength === 0) return;
    from.pause();
    void drained(to).then(() => from.resume());
  };
  // Not for await, which would join what came while `to` was full: a copy of all of it.
  from.on("data", (chunk: Buffer) => {
    onChunk(chunk);
    if (isClosed || to.destroyed) return;
    // What arrives together is written by one system call.
    if (!isCorked) {
      isCorked = true;
      to.cork();
      nextTick(flush);
    }
    to.write(chunk);
  });
  try {
    await endOf(from);
    // An error of the last write is reported after it.
    await new Promise<void>((resolve) => (isClosed ? resolve() : to.write("", () => resolve())));
  } finally {
    to.off("error", onError);
  }
}

/** Not by finished() of node:stream, which takes as long as a short command. */
function endOf(stream: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream.readableEnded || stream.closed) resolve();
    stream.once("end", resolve).once("close", resolve).once("error", reject);
  });
}

/** Settles once `stream` accepts more, or is closed. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const events = ["drain", "close", "error"];
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

async function carryTerminal(
  process: RemoteProcess,
  stdio: Stdio,
  giveTerminal: () => () => void,
  interrupts: Interrupts,
  onOutput: () => void,
): Promise<ExitStatus> {
  const { stdin, stdout } = stdio;
  const resize = () => process.resize({ columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 });
  const release = interrupts.intercept((signal) => process.kill(signal), "all");
  const takeBack = giveTerminal();
  stdout.on("resize", resize);
  stdin?.pipe(process.stdin);
  try {
    const onReaderGone = () => process.kill("SIGHUP");
    const pumps = [
      pump(process.stdout, stdout, onOutput, onReaderGone),
      pump(process.stderr, stdio.stderr, onOutput, onReaderGone),
    ];
    const [status] = await Promise.all([process.exited, ...pumps]);
    return status;
  } finally {
    stdin?.unpipe(process.stdin);
    stdin?.pause();
    takeBack();
    stdout.off("resize", resize);
    release();
  }
}
