import { exitCodeOf } from "./exit-code.ts";

export type InterruptSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT";

/** A person or the system asked devtool to end. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.exitCode = exitCodeOf(signal);
  }
}

export interface Interrupts {
  /** Aborted, with an Interrupted, at the first signal that nobody has taken. */
  readonly signal: AbortSignal;
  /** Aborts it as `signal` would. */
  end(signal: NodeJS.Signals): void;
  /** Until the result is called, signals go to `handler`. Where it gets `all`, a repeated one does not end devtool at once. */
  take(handler: (signal: InterruptSignal) => void, all?: "all"): () => void;
}

const SIGNALS: readonly InterruptSignal[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/** Listens from now on. A second Ctrl-C, or a second order to end, is not waited for: `force` ends the process at once. */
export function listenForInterrupts(force: (exitCode: number) => void): Interrupts {
  const abort = new AbortController();
  let taken: { handler: (signal: InterruptSignal) => void; all: boolean } | undefined;
  const seen = new Set<InterruptSignal>();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (seen.has(signal) && !taken?.all) force(exitCodeOf(signal));
      seen.add(signal);
      if (taken) taken.handler(signal);
      else abort.abort(new Interrupted(signal));
    });
  }
  return {
    signal: abort.signal,
    end: (signal) => abort.abort(new Interrupted(signal)),
    take: (handler, all) => {
      const mine = { handler, all: all !== undefined };
      taken = mine;
      return () => {
        if (taken === mine) taken = undefined;
        seen.clear();
      };
    },
  };
}
