import type { Readable, Writable } from "node:stream";
import type { Interrupts } from "../process/interrupts.ts";
import type { ExitStatus, RemoteProcess } from "../targets/target.ts";
import type { Launched } from "./launch.ts";

/** devtool's own ends of a run. */
export interface Ends {
  /** undefined: the command has no input. */
  readonly stdin: (Readable & { isTTY?: boolean; setRawMode?(raw: boolean): unknown }) | undefined;
  readonly stdout: Writable & { columns?: number; rows?: number };
  readonly stderr: Writable;
  /** Whether the command has this terminal as its own. */
  readonly isTerminal: boolean;
  /** Called after the last byte. */
  finish(): void;
}

/** What the command is told of this terminal; undefined: it gets none. */
export function terminalOf({ isTerminal, stdout }: Ends) {
  if (!isTerminal) return undefined;
  return { columns: stdout.columns ?? 80, rows: stdout.rows ?? 24, term: process.env["TERM"] ?? "xterm" };
}

/** From SIGTERM to SIGKILL, where a run is to end. */
export const END_GRACE_MS = 5_000;

/** Carries a run's bytes, signals and terminal size until it ends. An abort of `signal` ends it first. */
export async function stream(
  launched: Launched,
  ends: Ends,
  interrupts: Interrupts,
  signal: AbortSignal,
): Promise<ExitStatus> {
  if (launched.kind === "own terminal") {
    const release = interrupts.take(() => {}, "all"); // the terminal gives them to the command as well
    return await launched.run().finally(release);
  }
  const { process } = launched;
  const onAbort = () => void endRun(process);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return ends.isTerminal
      ? await carryTerminal(process, ends, interrupts)
      : await carryPipes(process, ends, interrupts);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** SIGTERM, and SIGKILL where that is not heeded in time. */
async function endRun(process: RemoteProcess): Promise<void> {
  process.kill("SIGTERM");
  const timer = setTimeout(() => process.kill("SIGKILL"), END_GRACE_MS);
  await process.exited.catch(() => {});
  clearTimeout(timer);
}

async function carryPipes(process: RemoteProcess, ends: Ends, interrupts: Interrupts): Promise<ExitStatus> {
  const { stdin } = ends;
  if (stdin) stdin.pipe(process.stdin);
  else process.stdin.end();
  const release = ends.stdin === undefined ? () => {} : forwardSignals(process, interrupts);
  let isUnheard = false;
  const unheard = () => {
    isUnheard = true;
    void endRun(process);
  };
  try {
    const pumps = [pump(process.stdout, ends.stdout, unheard), pump(process.stderr, ends.stderr, unheard)];
    const [status] = await Promise.all([process.exited, ...pumps]);
    // As if the command itself had written to the closed pipe.
    return isUnheard ? { code: null, signal: "SIGPIPE" } : status;
  } finally {
    release();
    stdin?.unpipe(process.stdin);
    stdin?.pause();
  }
}

/** The interrupt is the command's to act on; an order to end that it does not heed is enforced. */
function forwardSignals(process: RemoteProcess, interrupts: Interrupts): () => void {
  return interrupts.take((signal) => {
    if (signal === "SIGTERM" || signal === "SIGHUP") setTimeout(() => process.kill("SIGKILL"), END_GRACE_MS).unref();
    process.kill(signal);
  });
}

/** Reads to the end, as fast as `to` takes it; where nobody reads `to` any more the rest is dropped. */
async function pump(from: Readable, to: Writable, unheard: () => void): Promise<void> {
  let isClosed = false;
  const onError = () => {
    if (!isClosed) unheard();
    isClosed = true;
  };
  to.on("error", onError);
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      if (isClosed || to.destroyed) continue;
      if (!to.write(chunk)) await room(to);
    }
    // An error of the last write is told after it.
    await new Promise<void>((resolve) => (isClosed ? resolve() : to.write("", () => resolve())));
  } finally {
    to.off("error", onError);
  }
}

/** Settles once `stream` takes more, or never will. */
function room(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const events = ["drain", "close", "error"];
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

async function carryTerminal(process: RemoteProcess, ends: Ends, interrupts: Interrupts): Promise<ExitStatus> {
  const { stdin, stdout } = ends;
  const resize = () => process.resize({ columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 });
  const release = interrupts.take((signal) => process.kill(signal), "all");
  const restore = () => void stdin?.setRawMode?.(false);
  globalThis.process.once("exit", restore); // also after an exception nobody caught
  stdout.on("resize", resize);
  stdin?.setRawMode?.(true);
  stdin?.pipe(process.stdin);
  try {
    const unheard = () => process.kill("SIGHUP");
    const pumps = [pump(process.stdout, stdout, unheard), pump(process.stderr, ends.stderr, unheard)];
    const [status] = await Promise.all([process.exited, ...pumps]);
    return status;
  } finally {
    stdin?.unpipe(process.stdin);
    stdin?.pause();
    restore();
    globalThis.process.off("exit", restore);
    stdout.off("resize", resize);
    release();
  }
}
