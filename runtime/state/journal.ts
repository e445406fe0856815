import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { identify, isAlive, type ProcessIdentity } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";

/*
 * locks/NAME is both the name's lock (flock) and its journal: who holds it, then which process is the container. All
 * else a container makes on the host is containers/NAME and work/NAME, so the name alone says what to remove. Whoever gets the
 * lock of a name that has a journal finds what a killed run left, and undoes it.
 */

const SIGKILL = 9;
const JOURNAL_BYTES_MAX = 4096;
/** How long a killed run's container may take to end, as one with much memory does. */
const LEFTOVER_WAIT_MS = 10_000;
const LEFTOVER_POLL_MS = 5;
/** Each time the lock file was removed between opening and locking it, by a run of the same name that ended. */
const LOCK_ATTEMPTS_MAX = 1000;

/** A name held by this process. */
export interface Claim {
  readonly name: string;
  /** Open, locked. */
  readonly fd: number;
  readonly places: Places;
}

/** Where the container keeps things on the host. */
interface Places {
  readonly upper: string;
  readonly work: string;
  /** Always empty as the host sees it. */
  readonly memory: string;
}

function placesOf(stateRoot: string, name: string): Places {
  return {
    upper: join(stateRoot, "containers", name),
    work: join(stateRoot, "work", name),
    memory: join(stateRoot, "memory"),
  };
}

interface Journal {
  readonly owner?: ProcessIdentity;
  readonly container?: ProcessIdentity;
}

/** Takes the name, undoing what a killed run of it left. Throws Failure (exit 125) when a container has it. */
export async function claim(shim: Shim, stateRoot: string, name: string): Promise<Claim> {
  const deadline = Date.now() + LEFTOVER_WAIT_MS;
  for (let attempt = 1; attempt <= LOCK_ATTEMPTS_MAX; attempt++) {
    const fd = openLock(stateRoot, name);
    const taken = tryLock(shim, stateRoot, name, fd);
    if (taken === "taken") return begin(shim, stateRoot, { name, fd, places: placesOf(stateRoot, name) });
    const journal = readJournal(fd);
    closeSync(fd);
    if (taken === "removed") continue;
    if (Date.now() > deadline || (journal.owner && isAlive(journal.owner))) throw inUse(name);
    // Its owner was killed: the container ends with it, and another start may be cleaning up right now.
    await setTimeout(LEFTOVER_POLL_MS);
  }
  throw inUse(name);
}

async function begin(shim: Shim, stateRoot: string, held: Claim): Promise<Claim> {
  try {
    await undo(shim, held);
    writeSync(held.fd, journalLine("owner", process.pid));
    return held;
  } catch (error) {
    await release(shim, stateRoot, held);
    throw error;
  }
}

/** Writes down which process the container is, so that a later start can end it should this process be killed. */
export function recordContainer(held: Claim, pid: number): void {
  writeSync(held.fd, journalLine("container", pid));
}

/** Removes all that the container made, then gives the name back. */
export async function release(shim: Shim, stateRoot: string, held: Claim): Promise<void> {
  try {
    await clear(shim, held);
    unlinkSync(lockPath(stateRoot, held.name));
  } finally {
    // With a directory still there the journal stays too, for the next start to try again.
    closeSync(held.fd);
  }
}

/**
 * Removes, while the container runs, overlayfs's mark that its upper layer must not be used again without fsync. It is
 * looked at by mounts only, and three fewer directories are left to the end.
 */
export async function clearMark(shim: Shim, { places }: Claim): Promise<void> {
  await shim.remove(join(places.work, "work/incompat"));
}

/** Removes all that the container made, and keeps the name. */
export async function clear(shim: Shim, { places }: Claim): Promise<void> {
  for (const path of [places.upper, places.work]) {
    const result = await shim.remove(path);
    if (result < 0) throw new Failure(`can't remove ${path}: ${errnoText(-result)}`, { code: "cleanup-failed" });
  }
}

/** Undoes what killed runs of any other name left behind. */
export async function sweep(shim: Shim, stateRoot: string, except: string): Promise<void> {
  for (const name of readdirSync(join(stateRoot, "locks"))) {
    if (name === except) continue;
    try {
      const fd = openSync(lockPath(stateRoot, name), constants.O_RDWR);
      if (tryLock(shim, stateRoot, name, fd) !== "taken") {
        closeSync(fd);
        continue;
      }
      const held = { name, fd, places: placesOf(stateRoot, name) };
      await undo(shim, held);
      await release(shim, stateRoot, held);
    } catch {
      // Another start may have been quicker; and what can't be undone now must not keep this container from running.
    }
  }
}

function lockPath(stateRoot: string, name: string): string {
  return join(stateRoot, "locks", name);
}

function openLock(stateRoot: string, name: string): number {
  const open = () => openSync(lockPath(stateRoot, name), constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    return open();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    // The first run here. The locks' directory is made last, so it tells that all are there.
    for (const part of ["memory", "work", "containers", "locks"]) {
      mkdirSync(join(stateRoot, part), { recursive: true, mode: 0o700 });
    }
    return open();
  }
}

function tryLock(shim: Shim, stateRoot: string, name: string, fd: number): "taken" | "held" | "removed" {
  const result = shim.lock(fd);
  if (result === -ERRNO.EAGAIN) return "held";
  if (result < 0)
    throw new Failure(`can't lock ${lockPath(stateRoot, name)}: ${errnoText(-result)}`, { code: "state-unwritable" });
  const there = statSync(lockPath(stateRoot, name), { throwIfNoEntry: false });
  return there?.ino === fstatSync(fd).ino ? "taken" : "removed";
}

async function undo(shim: Shim, held: Claim): Promise<void> {
  // Everything is made after the first line was written.
  if (fstatSync(held.fd).size === 0) return;
  const { container } = readJournal(held.fd);
  if (container) endLeftover(shim, container);
  await clear(shim, held);
  ftruncateSync(held.fd);
}

function endLeftover(shim: Shim, container: ProcessIdentity): void {
  const pidfd = shim.pidfd(container.pid);
  if (pidfd < 0) return;
  // The number may be another process's by now; with the descriptor open, what is found alive is what gets the signal.
  if (isAlive(container)) {
    shim.signal(pidfd, SIGKILL);
    shim.wait(pidfd, LEFTOVER_WAIT_MS);
  }
  closeSync(pidfd);
}

/** This process's own. */
let owner: ProcessIdentity | undefined;

function journalLine(role: "owner" | "container", pid: number): string {
  owner ??= identify(process.pid);
  const identity = role === "owner" ? owner : identify(pid);
  return identity ? `${role} ${identity.pid} ${identity.startTime} ${identity.boot}\n` : "";
}

function readJournal(fd: number): Journal {
  const bytes = Buffer.alloc(JOURNAL_BYTES_MAX);
  const text = bytes.toString("latin1", 0, readSync(fd, bytes, 0, bytes.length, 0));
  // A line without its end was cut by the kill.
  const lines = text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split(" "));
  const of = (role: string): ProcessIdentity | undefined => {
    const [, pid, startTime, boot] = lines.find(([first]) => first === role) ?? [];
    return pid && startTime && boot ? { pid: Number(pid), startTime, boot } : undefined;
  };
  const [owner, container] = [of("owner"), of("container")];
  return { ...(owner ? { owner } : {}), ...(container ? { container } : {}) };
}

function inUse(name: string): Failure {
  return new Failure(`the name ${name} is in use by a running container`, {
    code: "name-in-use",
    remedy: "use another name, or end that container first",
  });
}
