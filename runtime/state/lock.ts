import { closeSync, constants, fstatSync, openSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { makeDirectory } from "../host/make-directory.ts";
import type { Shim } from "../host/shim.ts";
import { sleep } from "../host/sleep.ts";
import { uptime } from "../host/uptime.ts";
import { ERRNO } from "../linux.ts";

export interface OpenLock {
  readonly fd: number;
  /** It was made by this call; otherwise another process has the name, or was killed while it had it. */
  readonly isNew: boolean;
}

const FLAGS = constants.O_RDWR | constants.O_APPEND;

/** The paths of those that this process has. */
const own = new Set<string>();

/** One that this process has need not be asked for. False says nothing: a lock is known here only if it is closed by closeLock(). */
export function isOwn(path: string): boolean {
  return own.has(path);
}

/** Whether this process works on other containers too, which then wait for whatever keeps its thread. */
export function hasOthers(): boolean {
  return own.size > 1;
}

/** Notes that this process has a lock until closeLock(). */
export function noteOwn(path: string): void {
  own.add(path);
}

/** Releases a lock. */
export function closeLock(path: string, fd: number): void {
  own.delete(path);
  closeSync(fd);
}

/** Opens the lock file, made if it is missing. Undefined if another process removed it at the same moment. */
export function openLock(root: string, path: string): OpenLock | undefined {
  try {
    return makeLock(root, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    const fd = openExistingLock(path);
    return fd === undefined ? undefined : { fd, isNew: false };
  }
}

function makeLock(root: string, path: string): OpenLock {
  const make = () => ({ fd: openSync(path, FLAGS | constants.O_CREAT | constants.O_EXCL, 0o600), isNew: true });
  try {
    return make();
  } catch (error) {
    if (!isMissing(error)) throw error;
    // The first run here. The directory of the locks is made last: if it exists, all of them do.
    for (const part of ["memory", "work", "containers", "locks"]) makeDirectory(join(root, part));
    return make();
  }
}

/** Undefined if it does not exist. */
export function openExistingLock(path: string): number | undefined {
  try {
    return openSync(path, FLAGS);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Of the containers that are locked, or were when their holder was killed; none before the first run. */
export function lockedKeys(root: string): string[] {
  try {
    return readdirSync(join(root, "locks"));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export type LockOutcome =
  | { readonly state: "taken"; readonly bytes: number }
  | { readonly state: "held" }
  /** Its holder removed the file between its opening and its locking. */
  | { readonly state: "removed" };

/** Tries to lock an open lock file, without waiting. The kernel releases it when its last descriptor is closed. */
export function tryLock(shim: Shim, path: string, fd: number): LockOutcome {
  const result = shim.lock(fd);
  if (result === -ERRNO.EAGAIN) return { state: "held" };
  if (result < 0) throw new Failure(`can't lock ${path}: ${errnoText(-result)}`, { code: "state-unwritable" });
  const opened = fstatSync(fd);
  const current = statSync(path, { throwIfNoEntry: false });
  return current?.ino === opened.ino ? { state: "taken", bytes: opened.size } : { state: "removed" };
}

/** How long another process may hold the lock of something shared; what it does takes milliseconds. */
const LOCK_WAIT_MS = 10_000;
const LOCK_POLL_MS = 1;

/** Locks what all containers share, such as `the networks`. Throws Failure. */
export async function awaitLock(shim: Shim, fd: number, path: string, what: string): Promise<void> {
  const deadline = uptime() + LOCK_WAIT_MS;
  for (;;) {
    const result = shim.lock(fd);
    if (result === 0) return;
    if (result !== -ERRNO.EAGAIN)
      throw new Failure(`can't lock ${path}: ${errnoText(-result)}`, { code: "state-unwritable" });
    if (uptime() >= deadline) {
      throw new Failure(`another process has been changing ${what} for ${LOCK_WAIT_MS / 1000} s`, {
        code: "limit-reached",
        remedy: `fuser -v ${path} shows which process holds the lock`,
      });
    }
    await sleep(LOCK_POLL_MS);
  }
}

export function isMissing(error: unknown): boolean {
  return hasCode(error, "ENOENT");
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
