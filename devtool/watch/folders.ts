import { readdirSync } from "node:fs";
import { fromSystem, joinPath, localPath, nameOf, parentOf } from "../paths/bytes.ts";
import type { Listener } from "./listen.ts";
import { isOwnOutput } from "./own-output.ts";
import { differ, type FileState, isDirectory, stateOf } from "./state.ts";

interface Folder {
  readonly state: FileState;
  readonly listener: Listener | undefined;
  /** Since when all that changes in it is noticed: milliseconds since 1970. */
  readonly since: number;
  /** What is in it: the state that was seen last; undefined where it has not changed since then. */
  readonly names: Map<string, FileState | undefined>;
}

export interface Checked {
  readonly isChanged: boolean;
  readonly isFolder: boolean;
  readonly hasOtherNames: boolean;
}

const UNCHANGED: Checked = { isChanged: false, isFolder: false, hasOtherNames: false };

export interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

export interface Names {
  readonly entries: readonly Entry[];
  /** Those that were not known. */
  readonly added: readonly Entry[];
  /** The paths that are not there any more. */
  readonly gone: readonly string[];
}

/** The clock of a file system ticks a few times in a hundredth of a second. */
const TICK_MS = 10;

/**
 * The watched folders and the names in them. A file's state is not read until something may have happened to it: whether
 * something did is then told by its status change time. Paths are bytes, relative to the project; "" is its own folder.
 */
export class Folders {
  readonly #root: string;
  readonly #folders = new Map<string, Folder>();

  constructor(root: string) {
    this.#root = root;
  }

  has(path: string): boolean {
    return this.#folders.has(path);
  }

  /** Whether there was something at this path. */
  knows(path: string): boolean {
    return this.#folders.get(parentOf(path))?.names.has(nameOf(path)) === true;
  }

  /** The folders that are `top` or below it. */
  below(top: string): string[] {
    return [...this.#folders.keys()].filter((path) => top === "" || path === top || path.startsWith(`${top}/`));
  }

  /** Adds a folder without what is in it; returns whether it is on another file system than the one around it. */
  add(path: string, listener: Listener | undefined, since: number): boolean {
    const state = this.#stateOf(path, false);
    if (state === undefined) return false;
    this.#folders.set(path, { state, listener, since, names: new Map() });
    const around = path === "" ? undefined : this.#folders.get(parentOf(path));
    return around?.state.device !== state.device;
  }

  /** Reads what is in a folder now; none of it is remembered. */
  read(path: string): Names {
    const names = this.#folders.get(path)?.names ?? new Map<string, undefined>();
    const entries = entriesOf(this.#local(path));
    const present = new Set(entries.map(({ name }) => name));
    const added = entries.filter(({ name }) => !names.has(name));
    const gone = [...names.keys()].filter((name) => !present.has(name)).map((name) => joinPath(path, name));
    return { entries, added, gone };
  }

  /** Remembers that there is something at this path, as it is since its folder is watched. */
  learn(path: string): void {
    const names = this.#folders.get(parentOf(path))?.names;
    if (names?.has(nameOf(path)) === false) names.set(nameOf(path), undefined);
  }

  unlearn(path: string): void {
    this.#folders.get(parentOf(path))?.names.delete(nameOf(path));
  }

  /** Whether a path changed after this time, in milliseconds since 1970. Infinity does not read its state. */
  isLater(path: string, since: number): boolean {
    if (since === Number.POSITIVE_INFINITY) return false;
    const now = this.#stateOf(path, false);
    return now !== undefined && isLater(now, since) && !isOwnOutput(this.#local(path), now);
  }

  /** Compares a path with what is known of it, and remembers what it is. */
  check(path: string, withDigest: boolean): Checked {
    const folder = this.#folders.get(parentOf(path));
    if (folder === undefined) return UNCHANGED;
    const name = nameOf(path);
    const isKnown = folder.names.has(name);
    const before = folder.names.get(name);
    const now = this.#stateOf(path, withDigest);
    if (now === undefined) folder.names.delete(name);
    else folder.names.set(name, now);
    if (now === undefined) return { ...UNCHANGED, isChanged: isKnown };
    if (isOwnOutput(this.#local(path), now, before)) return UNCHANGED;
    const what = { isFolder: isDirectory(now), hasOtherNames: now.hasOtherNames };
    if (!isKnown) return { isChanged: true, ...what };
    if (what.isFolder) return { isChanged: !this.#isSame(path, now), ...what };
    return { isChanged: before === undefined ? isLater(now, folder.since) : differ(before, now), ...what };
  }

  /** Whether a path in a watched folder should be checked. The state of a file that is seen first is remembered. */
  isOutdated(path: string): boolean {
    const folder = this.#folders.get(parentOf(path));
    const before = folder?.names.get(nameOf(path));
    const now = this.#stateOf(path, false);
    if (folder === undefined || now === undefined || isDirectory(now))
      return now === undefined || !this.#isSame(path, now);
    if (before !== undefined) return differ(before, now);
    if (isLater(now, folder.since)) return true;
    folder.names.set(nameOf(path), now);
    return false;
  }

  /** Whether a folder is at this path, or one was added for it. */
  isFolder(path: string): boolean {
    if (this.has(path)) return true;
    const now = this.#stateOf(path, false);
    return now !== undefined && isDirectory(now);
  }

  isThere(path: string): boolean {
    return this.#stateOf(path, false) !== undefined;
  }

  /** Whether a watched folder is still the one that was added. */
  isCurrent(path: string): boolean {
    const now = this.#stateOf(path, false);
    return now !== undefined && this.#isSame(path, now);
  }

  /** Forgets a folder and what is below it; returns the paths that were known there. */
  forget(top: string): string[] {
    const paths: string[] = [];
    for (const path of this.below(top)) {
      const folder = this.#folders.get(path);
      folder?.listener?.close();
      for (const name of folder?.names.keys() ?? []) paths.push(joinPath(path, name));
      this.#folders.delete(path);
    }
    return paths;
  }

  #isSame(path: string, now: FileState): boolean {
    const before = this.#folders.get(path)?.state;
    return before !== undefined && !differ(before, now);
  }

  #stateOf(path: string, withDigest: boolean): FileState | undefined {
    return stateOf(this.#local(path), withDigest);
  }

  #local(path: string): string | Buffer {
    return localPath(this.#root, path === "" ? "." : path);
  }
}

function isLater({ changedAt }: FileState, since: number): boolean {
  return changedAt > since - TICK_MS;
}

/** None for a folder that is gone or can't be read: sync reports it. */
function entriesOf(path: string | Buffer): Entry[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true, encoding: "latin1" });
    return entries.map((entry) => ({ name: fromSystem(entry.name), isFolder: entry.isDirectory() }));
  } catch {
    return [];
  }
}
