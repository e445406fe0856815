import { join } from "node:path";
import { Failure } from "../failure.ts";
import { abandon, drop, release } from "../state/claim.ts";
import { processOf, undoAll } from "../state/entry.ts";
import { type Exit, type ExitStatus, exitNow } from "../state/exit.ts";
import { Attempt, type Ended, isUpperRefused, type Launch } from "./attempt.ts";
import type { Container } from "./container.ts";
import { hostFailure, stepFailure } from "./diagnose.ts";
import { deliver, deliverTyped } from "./signals.ts";

/**
 * Starts the container's process and sees it through to its end. Then it calls `onExit` with how the command ended, if it
 * ran, undoes what is held and gives the name back. Throws Failure when there is no process, with all still held.
 */
export function supervise(launch: Launch, onExit: (exit: Exit) => void = () => {}): Container {
  return new Supervised(launch, onExit);
}

class Supervised implements Container {
  readonly name: string;
  readonly started: Promise<void>;
  readonly exited: Promise<ExitStatus>;
  readonly #launch: Launch;
  readonly #onExit: (exit: Exit) => void;
  /** A second one, with the upper layer in memory, where the state directory's file system can't hold it. */
  #attempt: Attempt;
  #executed = () => {};
  #killedFor: NodeJS.Signals | undefined;

  constructor(launch: Launch, onExit: (exit: Exit) => void) {
    this.name = launch.spec.name;
    this.#launch = launch;
    this.#onExit = onExit;
    this.#attempt = this.#start(false);
    this.exited = this.#outlive().catch((error: unknown) => {
      throw hostFailure(error);
    });
    this.started = new Promise((resolve, reject) => {
      this.#executed = resolve;
      this.exited.then(() => resolve(), reject);
    });
    // A caller may wait for either; the other's failure is the same one.
    this.started.catch(() => {});
    this.exited.catch(() => {});
  }

  get pid(): number {
    return this.#attempt.spawned.pid;
  }

  kill(signal: NodeJS.Signals): void {
    // Its pidfd is closed by then, and the number may be another file's.
    if (this.#attempt.isOver) return;
    if (deliver(this.#launch.shim, this.#attempt.spawned, signal)) this.#killedFor ??= signal;
  }

  resize(): void {
    this.#launch.shim.resize(this.#attempt.spawned.container);
  }

  #start(upperInMemory: boolean): Attempt {
    const { shim } = this.#launch;
    return new Attempt(this.#launch, upperInMemory, {
      executed: () => {
        this.#executed();
        // After whoever waits for `started`.
        if (!this.#launch.kept) setImmediate(() => void clearMark(this.#launch));
      },
      typed: (signal) => {
        if (deliverTyped(shim, this.#attempt.spawned, signal)) this.#killedFor ??= signal;
      },
    });
  }

  async #outlive(): Promise<ExitStatus> {
    const { shim, held } = this.#launch;
    let exit: Exit | undefined;
    try {
      const end = await this.#lastEnd();
      const status = statusOf(this.#attempt, end, this.#launch, this.#killedFor);
      exit = exitNow(status, processOf(held.entries));
      return status;
    } finally {
      this.#forgetProcess();
      if (exit) this.#report(exit);
      await release(shim, held);
    }
  }

  async #lastEnd(): Promise<Ended> {
    const { shim, held, kept } = this.#launch;
    const end = await this.#attempt.ended;
    if (kept || !isUpperRefused(this.#attempt.plan, end)) return end;
    this.#forgetProcess();
    await undoAll(shim, held.entries);
    this.#attempt = this.#start(true);
    return this.#attempt.ended;
  }

  #forgetProcess(): void {
    drop(this.#launch.held, ({ resource }) => resource.kind === "process");
  }

  #report(exit: Exit): void {
    try {
      this.#onExit(exit);
    } catch (error) {
      // The journal stays with the process in it: whoever takes the name next writes down that it ended.
      abandon(this.#launch.held);
      throw error;
    }
  }
}

/**
 * Removes, while the container runs, overlayfs's mark that its upper layer must not be used again without fsync. It is
 * looked at by mounts only, and three fewer directories are left to the end.
 */
async function clearMark({ shim, held }: Launch): Promise<void> {
  await shim.remove(join(held.places.work, "work/incompat"));
}

function statusOf({ plan }: Attempt, end: Ended, { spec }: Launch, killedFor: NodeJS.Signals | undefined): ExitStatus {
  if (end.before.state === "aborted") throw end.before.error;
  if (killedFor !== undefined && end.status.signal === "SIGKILL") return { code: null, signal: killedFor };
  switch (end.before.state) {
    case "running":
      return end.status;
    case "failed":
      throw stepFailure(plan.steps[end.before.step], end.before.errno, end.before.object, spec);
    case "starting":
      throw new Failure(`the container's init ended before it ran the command: ${statusText(end.status)}`, {
        code: "init-ended",
        remedy: "something outside ended it, such as the out-of-memory killer; see dmesg",
      });
  }
}

function statusText(status: ExitStatus): string {
  return status.signal === null ? `exit code ${status.code}` : `killed by ${status.signal}`;
}
