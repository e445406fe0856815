import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { freeze, isFrozen, isSettled } from "../host/cgroup/freezer.ts";
import { isGone } from "../host/errno.ts";
import { isEnding, type ProcessIdentity } from "../host/process.ts";
import { openShim } from "../host/shim.ts";
import { sleep } from "../host/sleep.ts";
import { uptime } from "../host/uptime.ts";
import { type Handle, lookAt } from "../state/handle.ts";
import { placesOf } from "../state/places.ts";
import type { Found } from "../state/status.ts";
import { unlessChanged } from "./meanwhile.ts";
import { type Cgroup, cgroupsOf, isPaused, notRunning, openRunning } from "./running/running.ts";

/** A process that waits for a disk stops only then. */
const SETTLE_MS = 10_000;
const SETTLE_POLL_MS = 1;

/**
 * Stops all processes of a container, until it is unpaused or ends. Calls `before` with its cgroup first. Throws Failure if it
 * does not run, or is paused.
 */
export async function pause(container: Handle, before: (cgroup: Cgroup) => void = () => {}): Promise<void> {
  const { name } = container;
  const { cgroup, process } = await freezerOf(container, false);
  before(cgroup);
  tell(container, "pause");
  setFrozen(name, cgroup, true);
  for (const deadline = uptime() + SETTLE_MS; !hasSettled(name, cgroup); ) {
    if (uptime() >= deadline) {
      setFrozen(name, cgroup, false);
      throw new Failure(`the container ${name} has a process that can't be paused after ${SETTLE_MS / 1000} s`, {
        code: "cleanup-failed",
        remedy: `cat ${cgroup.path}/cgroup.procs names them, and /proc/PID/stack what each waits for`,
      });
    }
    await sleep(SETTLE_POLL_MS);
  }
  // Its cgroups outlive it, and its monitor starts the next process in them, which would stop half-way.
  if (isEnding(process)) {
    setFrozen(name, cgroup, false);
    throw notRunning(name, "stopped");
  }
}

/** Does work while a container's processes are stopped, which go on after it, also where this program is killed. */
export async function whilePaused<T>(container: Handle, work: () => Promise<T>): Promise<T> {
  // It takes milliseconds to load, and few commands need it.
  const { goingOnAfter } = await import("../host/cgroup/going-on.ts");
  let dismiss = () => {};
  const guard = ({ path, version }: Cgroup) => {
    dismiss = goingOnAfter(path, version);
  };
  // Another command may pause it first: its processes change nothing then either.
  const isPaused = await unlessChanged(pause(container, guard));
  try {
    return await work();
  } finally {
    if (isPaused) await unlessChanged(unpause(container));
    dismiss();
  }
}

/** Whether it runs, and is paused. */
export function isPausedNow(root: string, { record, status, entries }: Found): boolean {
  return status.state === "running" && isPaused(cgroupsOf(placesOf(root, record.name), entries));
}

/** Lets them go on. Throws Failure if it is not paused. */
export async function unpause(container: Handle): Promise<void> {
  const { cgroup } = await freezerOf(container, true);
  tell(container, "unpause");
  setFrozen(container.name, cgroup, false);
}

/** Lets its next start go on where it was stopped as it ended, and what stopped it was killed: not even its monitor would end. */
export async function letStart({ root, name }: Handle, { status, record, entries }: Found): Promise<void> {
  if (status.state !== "restarting") return;
  const frozen = cgroupsOf(placesOf(root, record.name), entries).filter(({ path, version }) => isFrozen(path, version));
  for (const cgroup of frozen) setFrozen(name, cgroup, false);
}

/** It may have ended just now, and its cgroup with it. */
function setFrozen(name: string, { path, version }: Cgroup, stop: boolean): void {
  try {
    freeze(path, version, stop);
  } catch (error) {
    throw isGone(error) ? notRunning(name, "stopped") : error;
  }
}

function hasSettled(name: string, { path, version }: Cgroup): boolean {
  const settled = isSettled(path, version);
  if (settled === undefined) throw notRunning(name, "stopped");
  return settled;
}

function tell(container: Handle, action: string): void {
  const found = lookAt(container);
  if (found) containerEvent(container.root, action, found.record);
}

async function freezerOf(container: Handle, isPaused: boolean): Promise<{ cgroup: Cgroup; process: ProcessIdentity }> {
  const { name } = container;
  const shim = await openShim();
  const { pidfd, process, cgroups } = await openRunning(shim, container);
  shim.close(pidfd);
  const frozen = cgroups.find(({ path, version }) => isFrozen(path, version));
  if (isEnding(process)) throw notRunning(name, "stopped");
  if (isPaused && frozen) return { cgroup: frozen, process };
  if (isPaused || frozen) {
    throw new Failure(`the container ${name} is ${isPaused ? "not" : "already"} paused`, { code: "container-paused" });
  }
  const cgroup = cgroups.find(({ path, version }) => isSettled(path, version) !== undefined);
  if (cgroup) return { cgroup, process };
  if (isEnding(process)) throw notRunning(name, "stopped");
  throw new Failure(`the container ${name} has no cgroup that can be frozen`, {
    code: "cgroup-refused",
    remedy: "run tinydocker as root, on a machine with cgroups of version 2, or with the freezer of version 1",
  });
}
