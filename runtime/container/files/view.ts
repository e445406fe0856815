import { closeSync, constants, existsSync, openSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { isGone } from "../../host/errno.ts";
import type { ShimEvent } from "../../host/events.ts";
import { type Gate, mapAndLetOn, openGate } from "../../host/gate.ts";
import type { Shim } from "../../host/shim.ts";
import { encodePlan } from "../../plan/codec.ts";
import { showsHostRoot } from "../../plan/root.ts";
import type { Plan } from "../../plan/step.ts";
import { viewOf } from "../../plan/view.ts";
import { hasUserNamespace, needsIdMapper } from "../../spec/namespaces.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import type { Places } from "../../state/places.ts";
import { cloneFailure, stepFailure } from "../failure/diagnose.ts";
import { identityOf } from "../process/attempt.ts";
import { hostFacts } from "../process/host-facts.ts";

/** The root of a container, as a directory. */
export interface View {
  /** Its descriptor. */
  readonly top: number;
  close(): Promise<void>;
}

/**
 * The files of a container that does not run, with what of this machine is mounted there: what is written there is the
 * container's. `lock`: that of its name, which must be held until the view is closed. Throws Failure.
 */
export function openFiles(shim: Shim, places: Places, spec: ContainerSpec, lock: number): Promise<View> {
  return open(shim, places, spec, { lock, writable: true });
}

/** The files of a container that may run, without what is mounted there: what is written there is written nowhere. Throws Failure. */
export function openSnapshot(shim: Shim, places: Places, spec: ContainerSpec): Promise<View> {
  return openToRead(shim, places, { ...spec, mounts: [] });
}

/** The same with what is mounted there. */
export function openToRead(shim: Shim, places: Places, spec: ContainerSpec): Promise<View> {
  if (showsHostRoot(spec) && hasUserNamespace(spec.linux))
    throw new Failure(`the root of ${spec.name} is that of this machine, of which only its root can take a copy`, {
      code: "root-required",
      remedy: "run tinydocker as root",
    });
  const written = existsSync(places.upper) ? [places.upper] : [];
  const root = { ...spec.root, layers: [...written, ...spec.root.layers] };
  return open(shim, places, { ...spec, root }, { lock: -1, writable: false });
}

interface Access {
  readonly lock: number;
  readonly writable: boolean;
}

async function open(shim: Shim, places: Places, spec: ContainerSpec, access: Access): Promise<View> {
  const gate = openGate(shim);
  const layer = { upperInMemory: !access.writable, upperKept: access.writable };
  const plan = viewOf(spec, hostFacts(spec, places, layer, { hosts: "", links: [] }));
  const process = spawn(shim, spec, plan, gate, access.lock);
  let over = () => {};
  const ended = new Promise<void>((resolve) => {
    over = resolve;
  });
  const close = async () => {
    shim.close(gate.end);
    await ended;
    shim.close(process.pidfd);
  };
  const ready = seen(shim, process.container, plan, spec, over);
  try {
    if (needsIdMapper(spec.linux)) await mapAndLetOn(gate, process.pid, spec.linux);
    await ready;
    const top = openTop(process.pid, spec);
    return {
      top,
      close: async () => {
        closeSync(top);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function openTop(pid: number, spec: ContainerSpec): number {
  try {
    return openSync(`/proc/${pid}/root`, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw isGone(error) ? wasEnded(spec) : error;
  }
}

function spawn(shim: Shim, spec: ContainerSpec, plan: Plan, gate: Gate, lock: number) {
  const none = openSync("/dev/null", "r+");
  try {
    const spawned = shim.spawn({
      plan: encodePlan(plan.steps, true),
      namespaces: plan.namespaces,
      stdio: [none, none, none],
      relayed: [],
      lock,
      identity: needsIdMapper(spec.linux) ? undefined : identityOf(spec.linux),
      terminal: false,
      extra: [gate.slot],
    });
    if (!("errno" in spawned)) return spawned;
    shim.close(gate.end);
    throw cloneFailure(spawned.stage, spawned.errno, hasUserNamespace(spec.linux));
  } finally {
    closeSync(none);
    shim.close(gate.slot);
  }
}

function wasEnded({ name }: ContainerSpec): Failure {
  return new Failure(`what shows the files of ${name} was ended`, { code: "init-ended" });
}

/** Resolves once all is mounted: the process waits at its last AWAIT. */
function seen(shim: Shim, container: number, plan: Plan, spec: ContainerSpec, over: () => void): Promise<void> {
  const last = plan.steps.findLastIndex(({ op }) => op === "AWAIT") - 1;
  const ready = new Promise<void>((resolve, reject) => {
    const advance = (event: ShimEvent) => {
      if ((event.kind === "step" || event.kind === "skipped") && event.step === last) resolve();
      if (event.kind === "failed") reject(stepFailure(plan.steps[event.step], event.errno, event.object, spec));
      if (event.kind !== "exited") return;
      over();
      reject(wasEnded(spec));
    };
    shim.listen(container, advance);
  });
  ready.catch(() => {});
  return ready;
}
