import { Failure } from "../../failure.ts";
import type { ShimEvent } from "../../host/events.ts";
import { type Gate, letOn } from "../../host/gate.ts";
import { isEnding } from "../../host/process.ts";
import type { Shim } from "../../host/shim.ts";
import { signalName, signalNumber } from "../../host/signals.ts";
import { ERRNO } from "../../linux.ts";
import type { Plan } from "../../plan/step.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import type { ExitStatus } from "../../state/exit.ts";
import type { Handle } from "../../state/handle.ts";
import { statusText, stepFailure } from "../failure/diagnose.ts";
import type { Container, Observer } from "../running/container.ts";
import type { Running } from "../running/running.ts";
import { observed } from "./observe.ts";

/** A command in a container that another process may have started. */
export interface Execution extends Pick<Container, "started" | "exited" | "kill" | "dropOutput" | "resize"> {
  /** Its pid in this process's pid namespace, once it has started. */
  readonly pid: number;
}

/** What a command is to be in which container. */
export interface Joining {
  readonly container: Handle;
  readonly running: Running;
  /** The container's, with the command's process. */
  readonly spec: ContainerSpec;
  readonly execID: string;
}

interface Launched {
  readonly running: Running;
  readonly spec: ContainerSpec;
  readonly plan: Plan;
  readonly observer: Observer | undefined;
  /** What the process waits for until it has a guard. */
  readonly gate: Gate;
}

/** Follows the process that the shim started under that number. */
export function follow(shim: Shim, launched: Launched, number: number): Execution {
  return new Followed(shim, launched, number);
}

/**
 *   joining ──▶ inside ──▶ running ──▶ ended
 *      └───────────┴─▶ failed ────────▶ ended
 */
type Life =
  | { readonly state: "joining" | "inside" | "running" | "ended" }
  | { readonly state: "failed"; readonly failure: unknown };

class Followed implements Execution {
  readonly started: Promise<void>;
  readonly exited: Promise<ExitStatus>;
  pid = 0;
  readonly #shim: Shim;
  readonly #launched: Launched;
  readonly #number: number;
  #life: Life = { state: "joining" };
  /** What came while the process was not yet the one that becomes the command. */
  #early: NodeJS.Signals[] = [];
  #isSignalled = false;
  #executed = () => {};

  constructor(shim: Shim, launched: Launched, number: number) {
    this.#shim = shim;
    this.#launched = launched;
    this.#number = number;
    this.exited = new Promise((resolve, reject) => {
      shim.listen(number, (event) => {
        if (event.kind === "exited") this.#end(event, resolve, reject);
        else this.#guarded(() => this.#advance(event));
      });
    });
    this.started = new Promise((resolve, reject) => {
      this.#executed = resolve;
      this.exited.then(() => resolve(), reject);
    });
    // A caller may wait for either: both reject with the same failure.
    this.started.catch(() => {});
    this.exited.catch(() => {});
  }

  kill(signal: NodeJS.Signals): boolean {
    this.#isSignalled = true;
    if (this.#life.state === "joining") {
      this.#early.push(signal);
      return true;
    }
    return this.#shim.kill(this.#number, signalNumber(signal)) === 0;
  }

  dropOutput(): void {
    this.#shim.dropOutput(this.#number);
  }

  resize(): void {
    this.#shim.resize(this.#number);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (failure) {
      this.#life = { state: "failed", failure };
      this.#shim.kill(this.#number, signalNumber("SIGKILL"));
    }
  }

  #advance(event: Exclude<ShimEvent, { kind: "exited" }>): void {
    if (this.#life.state === "failed") {
      // It may not be the process that was killed for the failure.
      if (event.kind === "cloned") this.#shim.kill(this.#number, signalNumber("SIGKILL"));
      return;
    }
    const { observer } = this.#launched;
    switch (event.kind) {
      case "step":
        this.#observe(event.step, (step) => observer?.took(step, event.nanoseconds));
        break;
      case "skipped":
        this.#observe(event.step, (step) => observer?.skipped(step, event.errno));
        break;
      case "cloned":
        this.#enter(event.pid);
        break;
      case "failed":
        this.#life = { state: "failed", failure: joinFailure(this.#launched, event.step, event.errno, event.object) };
        break;
      case "executed":
        this.#life = { state: "running" };
        this.#executed();
    }
  }

  #observe(index: number, observe: (step: Plan["steps"][number]) => void): void {
    const step = this.#launched.plan.steps[index];
    if (step) observed(() => observe(step));
  }

  /** The process is in the container now. */
  #enter(pid: number): void {
    this.pid = pid;
    this.#life = { state: "inside" };
    this.#letOn();
    this.#shim.close(this.#launched.gate.end);
    for (const signal of this.#early) this.kill(signal);
    this.#early = [];
  }

  #letOn(): void {
    this.#shim.guard(this.#number);
    try {
      letOn(this.#launched.gate);
    } catch {
      // It has ended, which is reported next.
    }
  }

  #end(
    { exitCode, signal }: ShimEvent & { kind: "exited" },
    resolve: (status: ExitStatus) => void,
    reject: (error: unknown) => void,
  ): void {
    const before = this.#life;
    this.#life = { state: "ended" };
    if (this.pid === 0) this.#shim.close(this.#launched.gate.end);
    if (before.state === "failed") reject(before.failure);
    else if (before.state === "running" || (this.#isSignalled && signal !== null)) resolve(statusOf(exitCode, signal));
    else reject(endedEarly(this.#launched, statusOf(exitCode, signal)));
  }
}

type Joined = Pick<Launched, "running" | "spec" | "plan">;

/** Of a step by its number. */
export function joinFailure({ running, spec, plan }: Joined, index: number, errno: number, object: string): Failure {
  const step = plan.steps[index];
  const isGone =
    (step?.op === "SETNS" || step?.op === "JOIN_CGROUP" || step?.op === "CLONE") && isEnding(running.process);
  if (isGone || (step?.op === "SETNS" && errno === ERRNO.ESRCH)) return gone(spec);
  return stepFailure(step, errno, object, spec, `the container ${spec.name}`);
}

export function endedEarly({ running, spec }: Joined, status: ExitStatus): Failure {
  if (isEnding(running.process)) return gone(spec);
  return new Failure(`the process that joins the container ended before it ran the command: ${statusText(status)}`, {
    code: "init-ended",
    remedy: "something outside ended it, such as the out-of-memory killer; see dmesg",
  });
}

function gone({ name }: ContainerSpec): Failure {
  return new Failure(`the container ${name} ended before the command ran in it`, { code: "container-not-running" });
}

export function statusOf(exitCode: number | null, signal: number | null): ExitStatus {
  if (exitCode !== null) return { code: exitCode, signal: null };
  return { code: null, signal: signalName(signal ?? 0) };
}
