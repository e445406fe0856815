import type { Failure } from "../failure.ts";
import { exitCodeOf } from "./exit-code.ts";

export type InterruptSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT";

/** A person or the system asked devtool to end. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals | undefined) {
    super(signal === undefined ? "quit" : `ended by ${signal}`);
    this.exitCode = signal === undefined ? 0 : exitCodeOf(signal);
  }
}

export interface Interrupts {
  /** Aborted with an Interrupted at the first signal that no handler intercepts. */
  readonly signal: AbortSignal;
  /** Aborts it as `signal` would. */
  end(signal: NodeJS.Signals): void;
  /** Aborts it with exit code 0. */
  quit(): void;
  /** Aborts it with a failure, which is reported. */
  fail(failure: Failure): void;
  /**
   * Passes signals to `handler` until the returned function is called. With `all`, a repeated one does not end devtool.
   */
  intercept(handler: (signal: InterruptSignal) => void, all?: "all"): () => void;
}

const SIGNALS: readonly InterruptSignal[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** Installs the signal handlers. At a second Ctrl-C, or another signal sent twice, `force` ends the process at once. */
export function listenForInterrupts(force: (exitCode: number) => void): Interrupts {
  const abort = new AbortController();
  let current: { handler: (signal: InterruptSignal) => void; all: boolean } | undefined;
  const seen = new Set<InterruptSignal>();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (seen.has(signal) && !current?.all) force(exitCodeOf(signal));
      seen.add(signal);
      if (current) current.handler(signal);
      else abort.abort(new Interrupted(signal));
    });
  }
  return {
    signal: abort.signal,
    end: (signal) => abort.abort(new Interrupted(signal)),
    quit: () => abort.abort(new Interrupted(undefined)),
    fail: (failure) => abort.abort(failure),
    intercept: (handler, all) => {
      const own = { handler, all: all !== undefined };
      current = own;
      return () => {
        if (current === own) current = undefined;
        seen.clear();
      };
    },
  };
}
