import { createHash } from "node:crypto";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";

/** Of larger files only size and time are compared. */
const DIGEST_BYTES_MAX = 1024 * 1024;

interface FileState {
  readonly stat: string;
  /** Two writes within one tick of the file system's clock differ in nothing but their content. */
  readonly digest: string | undefined;
  /** The status change time (ctime) in milliseconds since 1970. */
  readonly changedAt: number;
}

/** The states of a project's files when they were last checked. Paths are relative to the root, posix. */
export class Snapshot {
  readonly #root: string;
  readonly #prunes: (path: string) => boolean;
  readonly #seen = new Map<string, FileState>();

  /** `prunes`: whether nothing below a directory is of interest. */
  constructor(root: string, prunes: (path: string) => boolean) {
    this.#root = root;
    this.#prunes = prunes;
  }

  /** Remembers what is below these folders now, except for what changed after `since`, whose paths it returns. */
  async learn(folders: readonly string[], since: number): Promise<string[]> {
    const changed: string[] = [];
    for (const [path, state] of await this.#statesBelow(folders)) {
      if (this.#seen.has(path)) continue;
      if (state.changedAt > since) changed.push(path);
      else this.#seen.set(path, state);
    }
    return changed;
  }

  /** Remembers the present state of a path; returns whether it differs from the state remembered before. */
  async update(path: string, withDigest: boolean): Promise<boolean> {
    const now = await stateOf(join(this.#root, path), withDigest);
    const before = this.#seen.get(path);
    if (now === undefined) return this.#seen.delete(path);
    this.#seen.set(path, now);
    return before === undefined || differ(before, now);
  }

  /** As update(), but remembers nothing. */
  async isOutdated(path: string, withDigest: boolean): Promise<boolean> {
    const [before, now] = [this.#seen.get(path), await stateOf(join(this.#root, path), withDigest)];
    return before && now ? differ(before, now) : before !== now;
  }

  /** Returns the paths below these folders that were added, removed, or changed in size, time, mode or inode. */
  async outdatedBelow(folders: readonly string[]): Promise<string[]> {
    const current = await this.#statesBelow(folders);
    const changed = [...current].filter(([path, now]) => this.#seen.get(path)?.stat !== now.stat).map(([path]) => path);
    return [...changed, ...[...this.#seen.keys()].filter((path) => !current.has(path))];
  }

  async #statesBelow(folders: readonly string[]): Promise<Map<string, FileState>> {
    const states = new Map<string, FileState>();
    for (const folder of folders) await this.#visit(folder, states);
    return states;
  }

  async #visit(folder: string, states: Map<string, FileState>): Promise<void> {
    const entries = await readdir(join(this.#root, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = posix.join(folder, entry.name);
      if (this.#prunes(path)) continue;
      const state = await stateOf(join(this.#root, path), false);
      if (state) states.set(path, state);
      if (entry.isDirectory()) await this.#visit(path, states);
    }
  }
}

function differ(before: FileState, now: FileState): boolean {
  return before.stat !== now.stat || (before.digest ?? now.digest) !== (now.digest ?? before.digest);
}

/** undefined if there is no such file. */
async function stateOf(path: string, withDigest: boolean): Promise<FileState | undefined> {
  try {
    const { mode, size, mtimeNs, ctimeMs, ino } = await lstat(path, { bigint: true });
    const isFile = (Number(mode) & 0o170000) === 0o100000;
    const digest = withDigest && isFile && size <= DIGEST_BYTES_MAX ? sha1(await readFile(path)) : undefined;
    // A directory's size and time change with the names in it, and those are paths of their own.
    const stat = isFile ? `${mode} ${size} ${mtimeNs} ${ino}` : `${mode} ${ino}`;
    return { stat, digest, changedAt: Number(ctimeMs) };
  } catch {
    return undefined;
  }
}

function sha1(content: Buffer): string {
  return createHash("sha1").update(content).digest("hex");
}
