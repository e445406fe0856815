import { existsSync, unlinkSync } from "node:fs";
import { resolve } from "node:path";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { isRunning } from "../host/process.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { directory, removeDirectory } from "../resources/directory.ts";
import { type Life, lifeOf } from "../spec/life.ts";
import { noContainer } from "../spec/name.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { begin, type Claim, claim, claimAgain, refuseKept, release } from "../state/claim.ts";
import { entry } from "../state/entry.ts";
import { type Handle, lookAtExisting } from "../state/handle.ts";
import { type ContainerRecord, newRecord, removeRecord, writeRecord } from "../state/record.ts";
import { sweep } from "../state/recover.ts";
import { stateRoot } from "../state/root.ts";
import { findExisting } from "../state/status.ts";
import { ownVolumes, readyVolumes } from "../volume/ready.ts";
import { hostFailure } from "./failure/diagnose.ts";
import { attach } from "./network/attach.ts";
import { type Attached, NOTHING_OPEN } from "./network/attached.ts";
import { detach } from "./process/detach.ts";
import { checkLimits } from "./process/host-facts.ts";
import { supervise } from "./process/supervise.ts";
import type { Container, StartOptions } from "./running/container.ts";
import { closeOthers, openOthers, otherNetwork } from "./running/others.ts";
import { awaitStart } from "./running/running.ts";

/** So often another command may be quicker, with a container that ends at once each time. */
const OTHERS_MAX = 5;

/**
 * Makes and starts a container that is removed at its exit. When the calling thread ends, the kernel kills the container.
 */
export function start(
  spec: ContainerSpec,
  options: StartOptions = {},
  root = resolve(stateRoot()),
): Promise<Container> {
  return holding(root, spec.name, async (shim, held) => {
    refuseKept(held);
    const volumes = ownVolumes(root, spec).map((volume) => entry(volume, "removal"));
    const entries = [entry(directory("work"), "exit"), entry(directory("upper"), "removal"), ...volumes];
    const record = newRecord(spec, "at exit", []);
    containerEvent(root, "create", record);
    begin(held, entries, record);
    await readyVolumes(shim, root, spec);
    await sweepOthers(shim, root, held, options);
    return connected(shim, spec, held, options, (network) =>
      supervise({ shim, spec, id: record.id, options, held, network, kept: false }),
    );
  });
}

/**
 * Makes and starts a container that stays when this program ends, and returns its id; `remove` says how long it stays after its
 * own end. Throws Failure, with nothing left, when its command can't be started.
 */
export async function startDetached(
  spec: ContainerSpec,
  life: Life,
  remove: ContainerRecord["remove"],
  options: StartOptions = {},
): Promise<string> {
  const root = resolve(stateRoot());
  const lasting = [entry(directory("upper"), "removal"), entry(directory("monitor"), "removal")];
  return holding(root, spec.name, async (shim, held) => {
    refuseKept(held);
    const kept = remove === "on request";
    const record = newRecord(spec, remove, kept ? lasting : [], life);
    const volumes = ownVolumes(root, spec).map((volume) => entry(volume, "removal"));
    containerEvent(root, "create", record);
    begin(held, [entry(directory("work"), "exit"), ...lasting, ...volumes], kept ? undefined : record);
    if (kept) writeRecord(held.places.record, record);
    try {
      await readyVolumes(shim, root, spec);
      await sweepOthers(shim, root, held, options);
      const network = await attached(shim, spec, held, options, true);
      await detach({ shim, spec, id: record.id, options, held, network, kept, life });
    } catch (error) {
      containerEvent(root, "destroy", record);
      removeRecord(held.places.record);
      throw error;
    }
    return record.id;
  });
}

/** Starts a container that `create` made, for the first time or again. Throws Failure if it is running. */
export function startCreated(name: string, options: StartOptions = {}): Promise<Container> {
  const root = resolve(stateRoot());
  return holding(root, name, async (shim, held) => {
    const { record } = findExisting(held.places, name);
    await beginAgain(shim, held, record.spec, options);
    return connected(shim, record.spec, held, options, (network) =>
      supervise({ shim, spec: record.spec, id: record.id, options, held, network, kept: true }, (exit) =>
        writeRecord(held.places.record, { ...record, exit }),
      ),
    );
  });
}

/** Starts a container that stays, again, in the background. One that runs stays as it is. Throws Failure. */
export async function startAgain(container: Handle, options: StartOptions = {}): Promise<void> {
  for (let others = 0; !(await isUp(container)); others += 1)
    try {
      return await startStopped(container, options);
    } catch (error) {
      // Another command was starting it, and one that runs can't be claimed.
      if (others === OTHERS_MAX || !(error instanceof Failure && error.code === "name-in-use")) throw error;
    }
}

/** One that another command is just starting may have a command that can't be run. */
async function isUp(container: Handle): Promise<boolean> {
  const { status } = lookAtExisting(container);
  if (status.state !== "running") return status.state === "restarting";
  await awaitStart(status.process);
  return isRunning(status.process);
}

async function startStopped(container: Handle, options: StartOptions): Promise<void> {
  const shim = await openShim();
  const held = await claimAgain(shim, container).catch((error: unknown) => {
    throw hostFailure(error);
  });
  if (!held) throw noContainer(container.name);
  await startHeld(shim, held, options);
}

/** Starts one that was locked. Throws Failure. */
export function startHeld(shim: Shim, held: Claim, options: StartOptions): Promise<void> {
  return releasing(shim, held, async () => {
    const { record } = findExisting(held.places, held.name);
    const { spec, life = lifeOf({}) } = record;
    await beginAgain(shim, held, spec, options);
    const network = await attached(shim, spec, held, options, true);
    await detach({ shim, spec, id: record.id, options, held, network, kept: true, life });
  });
}

/** Of one that has been made before. */
async function beginAgain(shim: Shim, held: Claim, spec: ContainerSpec, options: StartOptions): Promise<void> {
  const work = directory("work");
  begin(held, [entry(work, "exit")]);
  // Of its networks while it ran: this start has another.
  if (existsSync(held.places.plan)) unlinkSync(held.places.plan);
  // It exists only if the machine lost power, and the journal with it.
  await removeDirectory(shim, held.places, work);
  await readyVolumes(shim, held.places.root, spec);
  await sweepOthers(shim, held.places.root, held, options);
}

/** Locks the name and calls `work`. If `work` throws, the name is released here; else that is up to `work`. */
async function holding<T>(root: string, name: string, work: (shim: Shim, held: Claim) => Promise<T>): Promise<T> {
  const shim = await openShim();
  const held = await claim(shim, root, name).catch((error: unknown) => {
    throw hostFailure(error);
  });
  return releasing(shim, held, () => work(shim, held));
}

async function releasing<T>(shim: Shim, held: Claim, work: () => Promise<T>): Promise<T> {
  try {
    return await work().catch(async (error: unknown) => {
      await release(shim, held);
      throw error;
    });
  } catch (error) {
    throw hostFailure(error);
  }
}

async function connected(
  shim: Shim,
  spec: ContainerSpec,
  held: Claim,
  options: StartOptions,
  work: (network: Attached) => Container,
): Promise<Container> {
  const network = await attached(shim, spec, held, options);
  try {
    return work(network);
  } catch (error) {
    network.close();
    throw error;
  }
}

/** Its network, and others' namespaces, unless it asks for what this machine can't limit. */
async function attached(
  shim: Shim,
  spec: ContainerSpec,
  held: Claim,
  options: StartOptions,
  detached = false,
): Promise<Attached> {
  checkLimits(spec, held.places);
  const others = await openOthers(shim, held.places.root, spec);
  try {
    const network =
      spec.network.mode === "container"
        ? { facts: otherNetwork(shim, held.places.root, spec, others), ...NOTHING_OPEN }
        : await attach(shim, spec, held, warnOf(options), detached);
    const close = () => {
      network.close();
      closeOthers(shim, others);
    };
    return { ...network, others, close };
  } catch (error) {
    closeOthers(shim, others);
    throw error;
  }
}

async function sweepOthers(shim: Shim, root: string, held: Claim, options: StartOptions): Promise<void> {
  for (const leftover of await sweep(shim, root, held.places.key)) warnOf(options)(leftover);
}

function warnOf({ warn }: StartOptions): (warning: Failure) => void {
  return warn ?? (({ message }) => process.emitWarning(message));
}
