import type { Failure } from "../failure.ts";
import type { Plan } from "../plan/step.ts";
import type { ExitStatus } from "../state/exit.ts";

/** A container that this process started. */
export interface Container {
  readonly name: string;
  /** Of the command, in this process's pid namespace. */
  readonly pid: number;
  /** Settles once the command runs; rejects with Failure, after all was undone, when it can't be started. */
  readonly started: Promise<void>;
  /** Settles after the command ended and all that lasts until then is undone; rejects as `started` does. */
  readonly exited: Promise<ExitStatus>;
  /** A signal that the command doesn't handle ends it, although it is pid 1. */
  kill(signal: NodeJS.Signals): void;
  /** Tells the container's terminal that the one it is shown on has another size. */
  resize(): void;
}

/** Told of a start as it goes, for `--explain`. If it throws, the container is ended, and that is the failure. */
export interface Observer {
  planned(plan: Plan): void;
  took(step: number, nanoseconds: bigint): void;
  skipped(step: number, errno: number): void;
}

export interface StartOptions {
  /** Descriptors for the command's 0, 1 and 2; by default this process's own. */
  readonly stdio?: readonly [number, number, number];
  readonly observer?: Observer;
  /** Called for each killed run of another name whose leftovers can't be removed; by default process.emitWarning. */
  readonly warn?: (leftover: Failure) => void;
}
