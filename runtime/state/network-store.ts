import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { makeDirectory } from "../host/make-directory.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";
import { isMissing } from "./lock.ts";
import { type NetworkStore, readStore, writeStore } from "./network-files.ts";

/** How long another process may hold the lock; what it does takes milliseconds. */
const LOCK_WAIT_MS = 10_000;
const LOCK_POLL_MS = 1;

/** The store as one process may change it, while it holds the lock. */
export interface Held {
  readonly store: NetworkStore;
  /** Written at the end, unless `work` throws; networks at once, to last. */
  save(store: NetworkStore): void;
  /** Writes at once what was saved so far. */
  write(): void;
}

/** Ends when no caller of this process has the store: they take turns, instead of looking again and again for the lock. */
let idle: Promise<unknown> = Promise.resolve();

/** Calls `work` with the store while nobody else may change it. Throws Failure for one that is damaged. */
export function withNetworks<T>(shim: Shim, root: string, work: (held: Held) => Promise<T>): Promise<T> {
  const turn = idle.then(() => withLock(shim, root, work));
  idle = turn.catch(() => {});
  return turn;
}

async function withLock<T>(shim: Shim, root: string, work: (held: Held) => Promise<T>): Promise<T> {
  const directory = join(root, "networks");
  const fd = openLock(directory);
  try {
    await lock(shim, fd, join(directory, "lock"));
    const held = holding(shim, directory, readStore(directory));
    const result = await work(held);
    held.write();
    return result;
  } finally {
    closeSync(fd);
  }
}

function holding(shim: Shim, directory: string, found: NetworkStore): Held {
  let [store, written] = [found, found];
  const write = () => {
    if (store !== written) writeStore(shim, directory, store, written);
    written = store;
  };
  return {
    get store() {
      return store;
    },
    save(changed) {
      const isLasting = changed.networks !== store.networks;
      store = changed;
      if (isLasting) write();
    },
    write,
  };
}

/** What there is now, without the lock: each file is replaced as a whole. */
export function readNetworks(root: string): NetworkStore {
  return readStore(join(root, "networks"));
}

function openLock(directory: string): number {
  const open = () => openSync(join(directory, "lock"), constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    return open();
  } catch (error) {
    if (!isMissing(error)) throw error;
    makeDirectory(directory);
    return open();
  }
}

async function lock(shim: Shim, fd: number, path: string): Promise<void> {
  const deadline = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    const result = shim.lock(fd);
    if (result === 0) return;
    if (result !== -ERRNO.EAGAIN)
      throw new Failure(`can't lock ${path}: ${errnoText(-result)}`, { code: "state-unwritable" });
    if (Date.now() >= deadline) {
      throw new Failure(`another process has been changing the networks for ${LOCK_WAIT_MS / 1000} s`, {
        code: "limit-reached",
        remedy: `fuser -v ${path} shows which process holds the lock`,
      });
    }
    await setTimeout(LOCK_POLL_MS);
  }
}
