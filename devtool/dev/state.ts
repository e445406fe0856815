import type { ChangeSet } from "../watch/watch.ts";

/** Of a round, since it began. */
export interface Progress {
  /** Its command runs, or has run. */
  hasStarted: boolean;
  isOver: boolean;
  /** What was saved while its command ran starts no round, and a person was told so. */
  isHolding: boolean;
}

/*
 *   ┌────────────── the round is over ──────────────┐
 *   ▼                                               │
 * waiting ──a change──▶ running ────────────────────┘
 *                       │     ▲
 *                       └─────┘ a newer change: the round is abandoned, or awaited where onBusy says so,
 *                               and the next begins; once its program runs, only if the next has another
 *
 * A change that the program need not be started again for, once it has been, is sent while running or waiting.
 */
/** What the loop of a lane is doing. */
export type State =
  | { readonly name: "waiting" }
  | {
      readonly name: "running";
      readonly round: Promise<void>;
      readonly abandon: () => void;
      readonly progress: Progress;
    };

export type Running = State & { readonly name: "running" };

/** A round that has begun, while an older one's program may run on. */
export interface Begun extends Running {
  readonly changes: ChangeSet;
  /** Settles once it has replaced that, or is over without. */
  readonly decided: Promise<void>;
}
