import { join } from "node:path";
import { containerEvent } from "../../events/container.ts";
import { signalNumber } from "../../host/signals.ts";
import { abandon, drop, release, undoExit } from "../../state/claim.ts";
import { endFrozen, processOf } from "../../state/entry.ts";
import { type Exit, type ExitStatus, exitNow } from "../../state/exit.ts";
import { hasOthers } from "../../state/lock.ts";
import { hostFailure } from "../failure/diagnose.ts";
import type { Container } from "../running/container.ts";
import { Attempt, type Ended, isUpperRefused } from "./attempt.ts";
import { statusOf, undoFirst } from "./end.ts";
import type { Launch } from "./launch.ts";
import { deliver, deliverTyped, killIfDropped } from "./signals.ts";

/**
 * Starts the container's process. When that ends, calls `onExit` with how the command ended, if it ran, undoes what is held
 * and releases the name. Throws Failure, with everything still held, when no process could be made.
 */
export function supervise(launch: Launch, onExit: (exit: Exit) => void = () => {}): Container {
  return new Supervised(launch, onExit);
}

/** A container that is frozen does not end, and it may freeze itself at any moment until it has ended. */
const THAW_EVERY_MS = 50;
/** No fork(3) blocks signals for so long. */
const BLOCKED_MS = 50;

class Supervised implements Container {
  readonly id: string;
  readonly name: string;
  readonly started: Promise<void>;
  readonly exited: Promise<ExitStatus>;
  readonly #launch: Launch;
  readonly #onExit: (exit: Exit) => void;
  /** Replaced by a second one, with the upper layer in memory, if the state directory's file system can't store it. */
  #attempt: Attempt;
  #executed = () => {};
  #killedFor: NodeJS.Signals | undefined;

  constructor(launch: Launch, onExit: (exit: Exit) => void) {
    this.id = launch.id;
    this.name = launch.held.name;
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
    // A caller may wait for either: both reject with the same failure.
    this.started.catch(() => {});
    this.exited.catch(() => {});
  }

  get pid(): number {
    return this.#attempt.spawned.pid;
  }

  kill(signal: NodeJS.Signals): boolean {
    // Its pidfd is closed by then, and another file may have its number.
    if (this.#attempt.isOver) return false;
    const delivered = deliver(this.#launch.shim, this.#attempt.spawned, signal);
    if (delivered === "killed") this.#isKilled(signal);
    if (delivered === "blocked") setTimeout(() => this.#killIfDropped(signal), BLOCKED_MS).unref();
    return delivered !== "ended";
  }

  dropOutput(): void {
    this.#launch.shim.dropOutput(this.#attempt.spawned.container);
  }

  #killIfDropped(signal: NodeJS.Signals): void {
    const { shim } = this.#launch;
    if (!this.#attempt.isOver && killIfDropped(shim, this.#attempt.spawned, signal)) this.#isKilled(signal);
  }

  #isKilled(signal: NodeJS.Signals): void {
    this.#killedFor ??= signal;
    const { places, entries } = this.#launch.held;
    const ending = setInterval(() => endFrozen(places, entries), THAW_EVERY_MS);
    this.#attempt.ended.finally(() => clearInterval(ending));
  }

  resize(): void {
    this.#launch.shim.resize(this.#attempt.spawned.container);
  }

  #start(upperInMemory: boolean): Attempt {
    const { shim } = this.#launch;
    return new Attempt(this.#launch, upperInMemory, {
      executed: () => {
        this.#tell("start");
        this.#executed();
        // After the code that waits for `started`.
        if (!this.#launch.kept && !hasOthers()) setImmediate(() => void clearMark(this.#launch));
      },
      typed: (signal) => {
        if (deliverTyped(shim, this.#attempt.spawned, signal)) this.#isKilled(signal);
      },
    });
  }

  async #outlive(): Promise<ExitStatus> {
    let exit: Exit | undefined;
    try {
      const end = await this.#lastEnd();
      const status = statusOf(this.#attempt, end, this.#launch, this.#killedFor);
      exit = exitNow(status, processOf(this.#launch.held.entries));
      this.#tellEnd(status);
      return status;
    } finally {
      this.#launch.network.close();
      this.#forgetProcess();
      if (exit) this.#report(exit);
      await this.#release();
    }
  }

  async #release(): Promise<void> {
    const { shim, held, kept } = this.#launch;
    try {
      if (kept) return;
      await undoExit(shim, held);
      this.#tell("destroy");
    } finally {
      await release(shim, held);
    }
  }

  async #lastEnd(): Promise<Ended> {
    const { kept } = this.#launch;
    const end = await this.#attempt.ended;
    if (kept || !isUpperRefused(this.#attempt.plan, end)) return end;
    this.#forgetProcess();
    await undoFirst(this.#launch);
    this.#attempt = this.#start(true);
    return this.#attempt.ended;
  }

  #tell(action: string, more: Readonly<Record<string, string>> = {}): void {
    const { id, spec, held } = this.#launch;
    containerEvent(held.places.root, action, { id, spec, name: held.name }, more);
  }

  #tellEnd(status: ExitStatus): void {
    if (status.oomKilled) this.#tell("oom");
    this.#tell("die", { exitCode: exitCodeText(status) });
  }

  #forgetProcess(): void {
    drop(this.#launch.held, ({ resource }) => resource.kind === "process");
  }

  #report(exit: Exit): void {
    try {
      this.#onExit(exit);
    } catch (error) {
      // The process stays in the journal: the next process that locks the name records that it ended.
      abandon(this.#launch.held);
      throw error;
    }
  }
}

/** As a shell has it. */
function exitCodeText({ code, signal }: ExitStatus): string {
  return String(signal === null ? code : 128 + signalNumber(signal));
}

/**
 * Removes overlayfs's mark that the upper layer must not be used again without fsync, while the container runs: only a
 * later mount reads it, and three fewer directories remain to be removed at the end. Beside others, another thread removes all.
 */
async function clearMark({ shim, held }: Launch): Promise<void> {
  await shim.remove(join(held.places.work, "work/incompat"));
}
