/** What a round of a save took in one target, or until it was over before it came to any, from the save on. */
export interface RoundTrace {
  /** When the save was, in ISO 8601. */
  readonly saved: string;
  /** The files that were saved, relative to the project; null: everything. */
  readonly paths: readonly string[] | null;
  readonly spans: readonly Span[];
  /**
   * `output`: the program's first byte arrived; `silent`: it ended before one; `unchanged`: it ran on, since it need not be
   * started again; `abandoned`: a newer save came first.
   */
  readonly outcome: Outcome;
  /** Milliseconds from the save to the outcome. */
  readonly total: number;
}

export type Outcome = "output" | "silent" | "unchanged" | "failed" | "abandoned";

/** A stage, in milliseconds since the save. */
export interface Span {
  readonly stage: TracedStage;
  /** The target's name; null for what is done once for all targets. */
  readonly target: string | null;
  readonly from: number;
  readonly to: number;
}

/** In the order in which they may follow each other. */
export const STAGES = [
  /** Of devtool itself, where nothing was saved. */
  "start",
  /** From the save until it was noticed and quiet. */
  "watch",
  /** Only where a command has one round. */
  "connect",
  "bundle",
  "addons",
  "sync",
  "compile",
  /** Of the program that the round's takes the place of. */
  "end",
  "launch",
  /** From the start of the program to its first byte. */
  "output",
] as const;
export type TracedStage = (typeof STAGES)[number];
