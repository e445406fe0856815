import { closeSync } from "node:fs";
import { constants } from "node:os";
import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import type { ShimEvent, Spawned } from "../host/events.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";
import { encodePlan } from "../plan/codec.ts";
import { planOf } from "../plan/plan.ts";
import type { Plan } from "../plan/step.ts";
import { hasUserNamespace } from "../spec/namespaces.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { type Claim, claim, clear, clearMark, recordContainer, release, sweep } from "../state/journal.ts";
import { stateRoot } from "../state/root.ts";
import { cloneFailure, hostFailure, stepFailure } from "./diagnose.ts";
import { hostFacts } from "./host-facts.ts";
import { deliver, deliverTyped } from "./signals.ts";

/** How the command ended, as waitpid tells: a code, or the signal that ended it. */
export type ExitStatus =
  | { readonly code: number; readonly signal: null }
  | { readonly code: null; readonly signal: NodeJS.Signals };

export interface Container {
  readonly name: string;
  /** Of the command, in this process's pid namespace. */
  readonly pid: number;
  /** Settles once the command runs; rejects with Failure, after all was undone, when it can't be started. */
  readonly started: Promise<void>;
  /** Settles after the command ended and all that the container made is removed; rejects as `started` does. */
  readonly exited: Promise<ExitStatus>;
  /** A signal that the command doesn't handle ends it, although it is pid 1. */
  kill(signal: NodeJS.Signals): void;
  /** Tells the container's terminal that the one it is shown on has another size. */
  resize(): void;
}

/** Told of a start as it goes, for `--explain`. */
export interface Observer {
  planned(plan: Plan): void;
  took(step: number, nanoseconds: bigint): void;
  skipped(step: number, errno: number): void;
}

export interface StartOptions {
  /** Descriptors for the command's 0, 1 and 2; by default this process's own. */
  readonly stdio?: readonly [number, number, number];
  readonly observer?: Observer;
}

/** Starts a container. The thread that calls this must last: the kernel ends the container with it. */
export async function start(spec: ContainerSpec, options: StartOptions = {}): Promise<Container> {
  const shim = await openShim();
  // The init changes its directory.
  const root = resolve(stateRoot());
  try {
    const held = await claim(shim, root, spec.name);
    try {
      await sweep(shim, root, spec.name);
      return supervised(shim, spec, options, { held, root });
    } catch (error) {
      await release(shim, root, held);
      throw error;
    }
  } catch (error) {
    throw hostFailure(error);
  }
}

interface Place {
  readonly held: Claim;
  /** stateRoot() */
  readonly root: string;
}

/**
 * The life of a container. What it made on the host is there until `exited` settles.
 *
 *   starting ──▶ running ──▶ ended      the init became the command, which ended
 *      ├──────────────────▶ ended       the init was killed
 *      ├──▶ failed ───────▶ ended       a step of the plan failed
 *      └──▶ failed ──▶ starting         once more, with the upper layer in memory
 */
type Life =
  | { readonly state: "starting" | "running" }
  | { readonly state: "failed"; readonly step: number; readonly errno: number; readonly object: string }
  | { readonly state: "ended"; readonly before: Exclude<Life, { state: "ended" }>; readonly status: ExitStatus };

function supervised(shim: Shim, spec: ContainerSpec, options: StartOptions, place: Place): Container {
  let executed = () => {};
  let killedFor: NodeJS.Signals | undefined;
  let attempt = spawn(shim, spec, options, place, false);
  const onExecuted = () => {
    executed();
    // After whoever waits for `started`.
    setImmediate(() => void clearMark(shim, place.held));
  };

  async function outlive(): Promise<ExitStatus> {
    try {
      let end = await follow(shim, attempt, options, onExecuted, killTyped);
      if (isUpperRefused(attempt.plan, end)) {
        await clear(shim, place.held);
        attempt = spawn(shim, spec, options, place, true);
        end = await follow(shim, attempt, options, onExecuted, killTyped);
      }
      return statusOf(attempt.plan, end, spec, killedFor);
    } finally {
      await release(shim, place.root, place.held);
    }
  }
  function kill(signal: NodeJS.Signals): void {
    if (deliver(shim, attempt, signal)) killedFor ??= signal;
  }
  function killTyped(signal: NodeJS.Signals): void {
    if (deliverTyped(shim, attempt, signal)) killedFor ??= signal;
  }
  const exited = outlive().catch((error: unknown) => {
    throw hostFailure(error);
  });
  const started = new Promise<void>((resolve, reject) => {
    executed = resolve;
    exited.then(() => resolve(), reject);
  });
  // A caller may wait for either; the other's failure is the same one.
  started.catch(() => {});
  exited.catch(() => {});
  return {
    name: spec.name,
    get pid() {
      return attempt.pid;
    },
    started,
    exited,
    kill,
    resize: () => void shim.resize(attempt.container),
  };
}

interface Attempt extends Spawned {
  readonly plan: Plan;
}

function spawn(shim: Shim, spec: ContainerSpec, options: StartOptions, place: Place, upperInMemory: boolean): Attempt {
  const { held, root } = place;
  const plan = planOf(spec, hostFacts(spec, held.places, root, upperInMemory));
  options.observer?.planned(plan);
  const spawned = shim.spawn({
    plan: encodePlan(plan.steps, options.observer !== undefined),
    namespaces: plan.namespaces,
    stdio: options.stdio ?? [0, 1, 2],
    lock: held.fd,
    identity: {
      uid: spec.linux.uidMappings[0]?.hostID ?? 0,
      gid: spec.linux.gidMappings[0]?.hostID ?? 0,
    },
    terminal: spec.process.terminal,
  });
  if ("errno" in spawned) throw cloneFailure(spawned.stage, spawned.errno, hasUserNamespace(spec.linux));
  recordContainer(held, spawned.pid);
  return { ...spawned, plan };
}

function follow(
  shim: Shim,
  attempt: Attempt,
  options: StartOptions,
  onExecuted: () => void,
  onTyped: (signal: NodeJS.Signals) => void,
): Promise<Life & { state: "ended" }> {
  let life: Exclude<Life, { state: "ended" }> = { state: "starting" };
  return new Promise((resolve) => {
    const listener = (event: ShimEvent): void => {
      switch (event.kind) {
        case "step":
          options.observer?.took(event.step, event.nanoseconds);
          break;
        case "skipped":
          options.observer?.skipped(event.step, event.errno);
          break;
        case "typed":
          onTyped(signalName(event.signal));
          break;
        case "failed":
          life = { state: "failed", step: event.step, errno: event.errno, object: event.object };
          break;
        case "executed":
          life = { state: "running" };
          onExecuted();
          break;
        case "exited":
          closeSync(attempt.pidfd);
          resolve({ state: "ended", before: life, status: exitStatus(event) });
      }
    };
    shim.listen(attempt.container, listener);
  });
}

function exitStatus(event: { exitCode: number | null; signal: number | null }): ExitStatus {
  if (event.exitCode !== null) return { code: event.exitCode, signal: null };
  return { code: null, signal: signalName(event.signal ?? 0) };
}

function signalName(number: number): NodeJS.Signals {
  const known = Object.entries(constants.signals).find(([, value]) => value === number);
  // Node names no real-time signals.
  return (known?.[0] ?? `SIGRTMIN+${number - SIGRTMIN}`) as NodeJS.Signals;
}

const SIGRTMIN = 34;

/** overlayfs says EINVAL to a file system that can't hold its upper layer, such as another overlay, NFS or FUSE. */
function isUpperRefused(plan: Plan, end: Life & { state: "ended" }): boolean {
  if (end.before.state !== "failed" || end.before.errno !== ERRNO.EINVAL) return false;
  const inMemory = plan.steps.some(({ reason }) => reason === "upperInMemory");
  const step = plan.steps[end.before.step];
  return !inMemory && step?.op === "MOUNT" && step.type === "overlay";
}

function statusOf(
  plan: Plan,
  end: Life & { state: "ended" },
  spec: ContainerSpec,
  killedFor: NodeJS.Signals | undefined,
): ExitStatus {
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
