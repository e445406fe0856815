import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "../host/make-directory.ts";
import type { Shim } from "../host/shim.ts";
import { awaitLock, isMissing } from "./lock.ts";

/*
 * What a container has is found by its key: the name that it was made with. Renaming it moves one symbolic link, renamed/NAME → KEY,
 * so that nothing moves which is open, mounted or locked. A name without a link is its own key, unless another one leads there.
 */

/** The names that are not their own keys. */
function keysByName(root: string): ReadonlyMap<string, string> {
  const directory = namesDirectory(root);
  return new Map(linksIn(directory).flatMap((name) => keyIn(join(directory, name), name)));
}

/** Most often nothing was ever renamed, and an error takes long to make. What was made is never removed. */
function linksIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** None if it was moved just now. */
function keyIn(path: string, name: string): [string, string][] {
  try {
    return [[name, readlinkSync(path)]];
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Undefined: a container that had the name when it was made has another one now, and a new one needs a key of its own. */
export function keyOf(root: string, name: string): string | undefined {
  const keys = keysByName(root);
  return keys.get(name) ?? ([...keys.values()].includes(name) ? undefined : name);
}

export function nameOfKey(root: string, key: string): string {
  return namesOfKeys(root)(key);
}

/** The same for many keys. */
export function namesOfKeys(root: string): (key: string) => string {
  const names = new Map(Array.from(keysByName(root), ([name, key]) => [key, name]));
  return (key) => names.get(key) ?? key;
}

/** Gives a name a key of its own, where it has none. */
export function giveKey(shim: Shim, root: string, name: string, key: string): Promise<void> {
  return changingNames(shim, root, (directory) => {
    if (keyOf(root, name) === undefined) symlinkSync(key, join(directory, name));
  });
}

/**
 * Lets a name lead to the container that has the other one, which is free then. The new name must be locked. `exists` is asked
 * once the link is there that whoever removes the container looks for; where it is false, nothing changes, and false is returned.
 */
export function moveName(shim: Shim, root: string, from: string, to: string, exists: () => boolean): Promise<boolean> {
  return changingNames(shim, root, (directory) => {
    const key = keyOf(root, from);
    if (key === undefined) return false;
    const old = join(directory, from);
    if (!keysByName(root).has(from)) symlinkSync(key, old);
    if (!exists()) {
      unlinkSync(old);
      return false;
    }
    renameSync(old, join(directory, to));
    return true;
  });
}

/** Forgets the names of containers that are gone. */
export async function tidyNames(shim: Shim, root: string): Promise<void> {
  if (keysByName(root).size === 0) return;
  await changingNames(shim, root, (directory) => {
    for (const [name, key] of keysByName(root)) if (!isThere(root, key)) unlinkSync(join(directory, name));
  });
}

function isThere(root: string, key: string): boolean {
  return existsSync(join(root, "locks", key)) || existsSync(join(root, "records", key));
}

async function changingNames<T>(shim: Shim, root: string, work: (directory: string) => T): Promise<T> {
  const directory = namesDirectory(root);
  makeDirectory(directory);
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await awaitLock(shim, fd, directory, "the names of containers");
    return work(directory);
  } finally {
    closeSync(fd);
  }
}

function namesDirectory(root: string): string {
  return join(root, "renamed");
}
