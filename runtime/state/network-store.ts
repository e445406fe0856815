import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "../host/make-directory.ts";
import type { Shim } from "../host/shim.ts";
import { awaitLock, isMissing } from "./lock.ts";
import { type NetworkStore, readStore, writeStore } from "./network-files.ts";

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
    await awaitLock(shim, fd, join(directory, "lock"), "the networks");
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
