import { createHash, randomBytes } from "node:crypto";
import { appendFileSync } from "node:fs";
import { appendFile, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Filter } from "../../ignore/filter.ts";
import { parentOf } from "../../paths/bytes.ts";
import { cacheDirectory } from "../../process/cache-directory.ts";
import { errnoOf, errnoWords } from "../../process/errno.ts";
import { makeDirectory } from "../../process/make-directory.ts";
import type { LocalProject } from "../../sync/send/local.ts";
import { vanishedIn } from "./vanished.ts";

/**
 * What the last syncs have sent to a mirror, by which rules: stored on this machine, so that what was sent and is
 * ignored now can be told from what a program on the target wrote. Paths are those of a SyncReport. Nothing fails where
 * they can't be stored: what becomes ignored before the next session stays on the target.
 */
export class SentFiles {
  readonly #file: string;
  #digest: string;
  #paths: Set<string>;
  /** Of syncs that did not end, by whichever rules. In the file an empty path is before them. */
  readonly #unfinished = new Set<string>();
  /** Why the file has not all of it, in words. */
  #unstored: string | undefined;

  private constructor(file: string, digest: string, paths: Set<string>) {
    this.#file = file;
    this.#digest = digest;
    this.#paths = paths;
  }

  /** `machine`: see Connected. */
  static async read(machine: string, mirror: string): Promise<SentFiles> {
    const name = createHash("sha256").update(`${machine}\0${mirror}`).digest("hex").slice(0, 16);
    const file = join(cacheDirectory(), "sent", name);
    const [digest = "", ...paths] = (await readFile(file, "latin1").catch(() => "")).split("\0");
    const known = new Set(paths);
    return new SentFiles(file, known.delete("") ? "" : digest, known);
  }

  /** Those that these rules exclude: each folder before what is in it. */
  withdrawn({ digest, filter }: { readonly digest: string; readonly filter: Filter }): string[] {
    if (digest === this.#digest) return [];
    const isExcluded = (path: string) => !filter.includes(path.replace(/\/$/, ""), path.endsWith("/"));
    return [...new Set([...this.#paths, ...this.#unfinished])].filter(isExcluded).sort();
  }

  /** Those that are not here any more, of `changed` if there is that; none where a receiver knows by its rules what to delete. */
  gone(project: LocalProject, filter: Filter, changed: readonly string[] | undefined): string[] {
    if (!filter.hasPassages) return [];
    const isGone = vanishedIn(project);
    const looked = changed && new Set(changed.filter(isGone));
    if (looked?.size === 0) return [];
    const isIncluded = (path: string) => filter.includes(path.replace(/\/$/, ""), path.endsWith("/"));
    const isThis = (path: string) => (!looked || isWithin(path, looked)) && isGone(path) && isIncluded(path);
    return [...this.#paths].filter(isThis);
  }

  get paths(): ReadonlySet<string> {
    return this.#paths;
  }

  /** A message if the list can't be stored, else none. */
  get notices(): string[] {
    if (this.#unstored === undefined) return [];
    return [
      `can't write ${this.#file}, the list of what was sent: ${this.#unstored}; what git ignores before the next session stays on the target`,
    ];
  }

  /** Whether something of it was removed there: of directories that a sync made, as in its report, one was there before. */
  isLost(made: readonly string[]): boolean {
    return made.some((path) => path === "." || this.#paths.has(`${path}/`));
  }

  /** Of a sync that is not done, and may never be: it is stored at once, as this process may be about to end. */
  addUnfinished(paths: readonly string[]): void {
    const fresh = paths.filter((path) => !this.#paths.has(path) && !this.#unfinished.has(path));
    if (fresh.length === 0) return;
    for (const path of fresh) this.#unfinished.add(path);
    this.#digest = "";
    try {
      makeDirectory(dirname(this.#file));
      appendFileSync(this.#file, `\0\0${fresh.join("\0")}`, "latin1");
    } catch (error) {
      this.#unstored = whyOf(error);
    }
  }

  /** All that has been sent by these rules. */
  async replace(digest: string, paths: readonly string[]): Promise<void> {
    const now = new Set(paths);
    const isSame =
      digest === this.#digest && now.size === this.#paths.size && paths.every((path) => this.#paths.has(path));
    this.#digest = digest;
    this.#paths = now;
    this.#unfinished.clear();
    if (!isSame || this.#unstored !== undefined) this.#unstored = await store(this.#file, [digest, ...now].join("\0"));
  }

  /** The mirror is gone. */
  async forget(): Promise<void> {
    this.#digest = "";
    this.#paths = new Set();
    this.#unfinished.clear();
    await rm(this.#file, { force: true }).catch(() => {});
  }

  /** What has been sent besides, where only `changed` was looked at: what is missing of that was deleted, as was `deleted`. */
  async update(changed: readonly string[], paths: readonly string[], deleted: readonly string[] = []): Promise<void> {
    const [looked, there, gone] = [new Set(changed), new Set(paths), new Set(deleted)];
    if (!changed.every((path) => there.has(path))) {
      const left = [...this.#paths].filter((path) => !gone.has(path) && !isWithin(path, looked));
      await this.replace(this.#digest, [...left, ...paths]);
      return;
    }
    const fresh = paths.filter((path) => !this.#paths.has(path));
    if (fresh.length === 0) return;
    for (const path of fresh) this.#paths.add(path);
    try {
      await appendFile(this.#file, `\0${fresh.join("\0")}`, "latin1");
    } catch (error) {
      this.#unstored = whyOf(error);
    }
  }
}

/** Whether the path or a folder above it is one of these. */
function isWithin(path: string, these: ReadonlySet<string>): boolean {
  for (let at = path.replace(/\/$/, ""); at !== ""; at = parentOf(at)) if (these.has(at)) return true;
  return false;
}

/** By rename: another devtool may read it. Returns why it can't be stored. */
async function store(file: string, text: string): Promise<string | undefined> {
  const temporary = `${file}.${randomBytes(4).toString("hex")}.new`;
  try {
    makeDirectory(dirname(file));
    await writeFile(temporary, text, "latin1");
    await rename(temporary, file);
    return undefined;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    return whyOf(error);
  }
}

function whyOf(error: unknown): string {
  return errnoWords(errnoOf(error) ?? String(error));
}
