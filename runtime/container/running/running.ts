import { closeSync, constants, openSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { cgroupAt } from "../../cgroup/place.ts";
import { Failure } from "../../failure.ts";
import { isFrozen } from "../../host/cgroup/freezer.ts";
import { isGone } from "../../host/errno.ts";
import { isAlive, type ProcessIdentity } from "../../host/process.ts";
import type { Shim } from "../../host/shim.ts";
import { sleep } from "../../host/sleep.ts";
import { uptime } from "../../host/uptime.ts";
import { cgroupName } from "../../resources/cgroup.ts";
import type { Entry } from "../../state/entry.ts";
import { type Handle, lookAtExisting } from "../../state/handle.ts";
import { type Places, placesAt } from "../../state/places.ts";
import type { ContainerRecord } from "../../state/record.ts";

/** A container whose command runs. */
export interface Running {
  readonly record: ContainerRecord;
  readonly process: ProcessIdentity;
  /** Of its first process; whoever opened it closes it. */
  readonly pidfd: number;
  readonly cgroups: readonly Cgroup[];
}

export interface Cgroup {
  readonly version: 1 | 2;
  /** Its directory, which does not exist where the user could make none. */
  readonly path: string;
}

/** How long one that is being set up may take until its command runs. */
const START_WAIT_MS = 10_000;
const START_POLL_MS = 5;

/** Throws Failure if it does not run. */
export async function openRunning(shim: Shim, container: Handle): Promise<Running> {
  const deadline = uptime() + START_WAIT_MS;
  for (;;) {
    const running = attempt(shim, container);
    if (running && hasExecuted(running.process.pid)) return running;
    if (running) shim.close(running.pidfd);
    if (uptime() >= deadline) throw notRunning(container.name, "being started");
    await sleep(START_POLL_MS);
  }
}

/** Until the command of one that is being started runs, or it has ended; no longer than a start usually takes. */
export async function awaitStart(process: ProcessIdentity): Promise<void> {
  for (const deadline = uptime() + START_WAIT_MS; uptime() < deadline; await sleep(START_POLL_MS))
    if (!isAlive(process) || hasExecuted(process.pid)) return;
}

/** Undefined: it is being made. */
function attempt(shim: Shim, container: Handle): Running | undefined {
  const { root, key, name } = container;
  const { record, status, entries } = lookAtExisting(container);
  if (status.state === "creating") return undefined;
  if (status.state !== "running") throw notRunning(name, status.state);
  const { process } = status;
  const pidfd = shim.pidfd(process.pid);
  // The pid may have been reused. Once the pidfd is open, the process found alive is the one that it is of.
  if (pidfd < 0 || !isAlive(process)) {
    if (pidfd >= 0) shim.close(pidfd);
    throw notRunning(name, "stopped");
  }
  return { record, process, pidfd, cgroups: cgroupsOf(placesAt(root, key), entries) };
}

/**
 * The root directory of its first process, out of which no link leads; whoever opened it closes it. It stays the container's
 * also when that ends. Throws Failure where it has ended already.
 */
export function openRootOf(name: string, process: ProcessIdentity): number {
  const top = openIfThere(`/proc/${process.pid}/root`);
  // It may be another process's by now.
  if (top !== undefined && isAlive(process)) return top;
  if (top !== undefined) closeSync(top);
  throw notRunning(name, "stopped");
}

function openIfThere(directory: string): number | undefined {
  try {
    return openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

export function notRunning(name: string, state: string): Failure {
  return new Failure(`the container ${name} is not running: it is ${state}`, { code: "container-not-running" });
}

/** Those of the journal's entries. */
export function cgroupsOf(places: Places, entries: readonly Entry[]): Cgroup[] {
  return entries.flatMap(({ resource }) =>
    resource.kind === "cgroups"
      ? resource.places.map((place) => ({ version: place.version, path: cgroupAt(place, cgroupName(places)) }))
      : [],
  );
}

/** Whether the processes in one of them are stopped. */
export function isPaused(cgroups: readonly Cgroup[]): boolean {
  return cgroups.some(({ path, version }) => isFrozen(path, version));
}

/** Throws Failure for one whose processes are stopped: one that joined them would be stopped as well. */
export function refusePaused(name: string, { cgroups }: Pick<Running, "cgroups">): void {
  if (!isPaused(cgroups)) return;
  throw new Failure(`the container ${name} is paused`, {
    code: "container-paused",
    remedy: `tinydocker unpause ${name}`,
  });
}

const INIT = "/memfd:tinydocker-init (deleted)";

/** Until its init has become the command, its root and network may still be the machine's. With --init, that stays, under another name. */
export function hasExecuted(pid: number): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/exe`) !== INIT) return true;
    return readFileSync(`/proc/${pid}/comm`, "utf8") === "tinydocker-init\n";
  } catch {
    return true; // it has ended, or may not be read, which no init forbids
  }
}

/** To start a process in them. */
export function withCgroups<T>(running: Running, use: (cgroups: OpenCgroups) => T): T {
  const cgroups = openCgroups(running);
  try {
    return use(cgroups);
  } finally {
    for (const fd of [...cgroups.tasks, ...cgroups.cgroup2]) closeSync(fd);
  }
}

export interface OpenCgroups {
  /** Of version 1: their files `tasks`. */
  readonly tasks: readonly number[];
  /** One directory, or none. */
  readonly cgroup2: readonly number[];
}

function openCgroups({ cgroups }: Running): OpenCgroups {
  const opened = (version: 1 | 2, open: (path: string) => number) =>
    cgroups.filter((one) => one.version === version).flatMap(({ path }) => ifThere(() => open(path)));
  return {
    tasks: opened(1, (path) => openSync(join(path, "tasks"), constants.O_WRONLY)),
    cgroup2: opened(2, (path) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)),
  };
}

/** The container has none where its user could make none, or has ended. */
function ifThere(open: () => number): number[] {
  try {
    return [open()];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}
