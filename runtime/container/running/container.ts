import type { CgroupStep } from "../../cgroup/step.ts";
import type { Failure } from "../../failure.ts";
import type { Plan, Preparation, Step } from "../../plan/step.ts";
import type { ExitStatus } from "../../state/exit.ts";

/** A container that this process started. */
export interface Container {
  /** 64 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** The command's pid in this process's pid namespace. */
  readonly pid: number;
  /** Resolves once the command runs. Rejects with Failure, after everything was undone, when it can't be started. */
  readonly started: Promise<void>;
  /** Resolves after the command ended and everything that lasts until its exit was undone. Rejects as `started` does. */
  readonly exited: Promise<ExitStatus>;
  /** A signal that the command doesn't handle ends it, although it is pid 1. Returns false if it has ended already. */
  kill(signal: NodeJS.Signals): boolean;
  /** Drops what a command that has ended printed and nobody reads; until then, `exited` waits for whoever does. */
  dropOutput(): void;
  /** Sets the size of the container's terminal to that of the caller's. */
  resize(): void;
}

/** Called during a start, for `--explain`. If it throws, the container is ended and the start fails. */
export interface Observer {
  /** `prepared`: what was made outside the container, in that order. */
  planned(plan: Plan, prepared: readonly Preparation[]): void;
  took(step: Step | CgroupStep, nanoseconds: bigint): void;
  skipped(step: Step | CgroupStep, errno: number): void;
}

export interface StartOptions {
  /** Descriptors for the command's 0, 1 and 2; by default this process's own. */
  readonly stdio?: readonly [number, number, number];
  readonly observer?: Observer;
  /** Called before its first process is made; again where that has to be made once more. */
  readonly beforeSpawn?: () => void;
  /** Called before the monitor of a detached container reads what that prints, which waits until this has settled. Never rejects. */
  readonly attach?: () => Promise<void>;
  /**
   * Called for what a person should know although the start goes on, such as leftovers of a killed run that can't be
   * removed; by default process.emitWarning.
   */
  readonly warn?: (warning: Failure) => void;
}
