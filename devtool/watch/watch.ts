import { setImmediate } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { joinPath, localPath, parentOf } from "../paths/bytes.ts";
import { type Checked, type Entry, Folders } from "./folders.ts";
import { LISTENS_BELOW, listenOrPoll } from "./listen.ts";
import type { Relevance } from "./relevance.ts";
import { Settling, STORM_PATHS } from "./settle.ts";
import { isSilent } from "./silent.ts";
import { type Since, timeFor } from "./since.ts";

/** What changed since the previous change set. */
export interface ChangeSet {
  /** Relative to the project, posix, as bytes. null: anything may have changed. */
  readonly paths: readonly string[] | null;
  /** When the first of it was noticed, as a time of performance.now(). */
  readonly since: number;
}

export interface WatchRequest {
  /** Absolute. */
  readonly root: string;
  readonly relevance: Pick<Relevance, "matters" | "prunes">;
  /** Whether to look for changes without being told of them; by default on file systems that do not tell. */
  readonly poll?: boolean | undefined;
  /** Whether git is changing the files: what it does, such as the switch to another branch, is one change. */
  readonly isGitAtWork?: () => boolean;
  readonly onChange: (changes: ChangeSet) => void;
  readonly onError: (error: Failure) => void;
  /** Called where a limit of this machine is reached: the folder is looked at again and again then, unless this throws the failure. */
  readonly onLimit?: (failure: Failure) => void;
}

/** How often folders are looked at; a look that takes long is followed by a longer pause. */
const POLL_MS = 1_000;
const POLL_PAUSES = 20;
/** How often names are compared, in case the system did not tell of some. */
const SWEEP_MS = 30_000;
const SWEEP_PAUSES = 200;
/** macOS and Windows may not tell of what happens just after listening began. */
const FIRST_SWEEP_MS = 1_000;
/** The system's queue of events holds some thousands; it drops what does not fit, on Linux without a word. */
const EVENTS_MAX = 4_000;
const FLOOD_MS = 1_000;
/** Number of names to look at before other work of this process gets a turn. */
const NAMES_PER_TURN = 500;

/**
 * Reports what changes below a project's folders. An event is a hint, and what lstat returns is the truth: nothing is
 * reported that did not change, and what changes again while it is being reported is reported again.
 */
export class Watcher {
  readonly #request: WatchRequest;
  readonly #folders: Folders;
  readonly #settling: Settling;
  readonly #tops = new Set<string>();
  readonly #polled = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** One thing at a time changes what is known: settles once the last of them has. */
  #work: Promise<unknown> = Promise.resolve();
  #events = 0;
  #names = 0;
  #state: "watching" | "closed" = "watching";

  constructor(request: WatchRequest) {
    this.#request = request;
    this.#folders = new Folders(request.root);
    const { isGitAtWork = () => false } = request;
    this.#settling = new Settling((paths, since) => this.#queue(() => this.#compare(paths, since)), isGitAtWork);
    this.#repeat("tops", POLL_MS, POLL_PAUSES, () => this.#findTops());
    this.#repeat("sweep", SWEEP_MS, SWEEP_PAUSES, () => this.#sweep());
    if (LISTENS_BELOW) this.#later("first sweep", FIRST_SWEEP_MS, () => this.#queue(() => this.#sweep()));
  }

  /**
   * Also watches these folders of the project, and what is below them. Settles once it does. @throws Failure at a limit of this
   * machine
   */
  async add(folders: readonly string[], since: Since = Number.POSITIVE_INFINITY): Promise<void> {
    const adding = this.#work.then(async () => {
      for (const folder of folders) {
        const top = folder === "." ? "" : folder;
        this.#tops.add(top);
        const began = performance.now();
        this.#report(await this.#visit(top, since), began);
        // What watches the folder around it may have left it out.
        if (top !== "" && this.#folders.isThere(top)) this.#folders.learn(top);
      }
    });
    this.#work = adding.catch(() => {});
    await adding;
  }

  /** Settles once all that had changed before has been reported. */
  async caughtUp(): Promise<void> {
    await setImmediate(); // the system's events are read before
    if (LISTENS_BELOW || this.#polled.size > 0)
      this.#queue(async () => await this.#poll(LISTENS_BELOW ? this.#tops : this.#polled));
    await this.#work;
    this.#settling.settleNow();
    await this.#work;
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#settling.stop();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await this.#work;
    for (const top of this.#tops) this.#folders.forget(top);
  }

  /** Listens to a folder and those below it; returns the files that changed after `since`. */
  async #visit(top: string, since: Since): Promise<string[]> {
    const { relevance } = this.#request;
    const changed: string[] = [];
    const waiting = [top];
    for (let folder = waiting.pop(); folder !== undefined && this.#state !== "closed"; folder = waiting.pop()) {
      if (!this.#folders.has(folder) && !this.#listen(folder, folder === top)) continue;
      const { entries } = this.#folders.read(folder);
      for (const entry of entries) {
        await this.#turn();
        const path = joinPath(folder, entry.name);
        if (entry.isFolder && relevance.prunes(path)) continue;
        this.#folders.learn(path);
        if (entry.isFolder) waiting.push(path);
        else if (this.#folders.isLater(path, timeFor(path, since)) && relevance.matters(path)) {
          this.#folders.check(path, false);
          changed.push(path);
        }
      }
    }
    return changed;
  }

  /** Returns whether the folder is watched now. */
  #listen(folder: string, isTop: boolean): boolean {
    const { root, poll } = this.#request;
    const since = Date.now();
    const isToldFromAbove = poll === true || (LISTENS_BELOW && !isTop);
    const listener = isToldFromAbove
      ? undefined
      : listenOrPoll(this.#request, folder, (name) => this.#told(folder, name));
    if (listener === "gone") return false;
    const isMount = this.#folders.add(folder, listener === "limit" ? undefined : listener, since);
    const isUntold = poll === true ? isTop : poll !== false && isMount && isSilent(localPath(root, folder || "."));
    if (isUntold || listener === "limit") this.#pollFrom(folder);
    return true;
  }

  #pollFrom(folder: string): void {
    for (let above = folder; above !== ""; above = parentOf(above)) if (this.#polled.has(parentOf(above))) return;
    if (this.#polled.size === 0) this.#repeat("poll", POLL_MS, POLL_PAUSES, () => this.#poll());
    this.#polled.add(folder);
  }

  #told(folder: string, name: string | undefined): void {
    if (this.#state === "closed") return;
    this.#events++;
    this.#later("count", FLOOD_MS, () => this.#count());
    if (name === undefined) this.#events += EVENTS_MAX;
    else if (name === ".") this.#queue(() => this.#reread());
    else this.#hint(joinPath(folder, name));
  }

  /** Something happened to the project's own folder. While it is moved away, it is listened to: it may come back. */
  async #reread(): Promise<void> {
    if (this.#folders.isThere("")) await this.#sweep();
  }

  /** A name that is new may be that of a folder, where something below it matters; so may one that a file had. */
  #hint(path: string): void {
    const { relevance } = this.#request;
    if (
      relevance.matters(path) ||
      (!relevance.prunes(path) && (!this.#folders.knows(path) || this.#folders.isFolder(path)))
    ) {
      this.#settling.add(path);
    }
  }

  /** Reports those that changed. */
  async #compare(paths: readonly string[], since: number): Promise<void> {
    // The files of a storm are compared by size and time only: reading them all would take too long.
    const withDigest = paths.length <= STORM_PATHS;
    const changed = new Set<string>();
    let haveOtherNames = false;
    for (const path of paths) {
      await this.#turn();
      const isKnown = this.#folders.knows(path);
      const checked = this.#folders.check(path, withDigest);
      if (!checked.isChanged) continue;
      haveOtherNames ||= checked.hasOtherNames;
      for (const found of await this.#changesAt(path, isKnown, checked)) changed.add(found);
    }
    this.#report([...changed], since);
    // An event names only the hard link that was written, not the file's other links.
    if (haveOtherNames) await this.#poll(this.#tops);
  }

  async #changesAt(path: string, isKnown: boolean, { isFolder }: Checked): Promise<string[]> {
    const { relevance } = this.#request;
    const before = this.#folders.has(path) ? this.#folders.forget(path) : [];
    const isPruned = isFolder && relevance.prunes(path);
    if (isPruned) this.#folders.unlearn(path);
    if (isPruned && !isKnown) return [];
    const now = isFolder && !isPruned ? await this.#visit(path, Number.NEGATIVE_INFINITY) : [];
    return [...before, ...now, path].filter((found) => relevance.matters(found));
  }

  #report(changed: readonly string[], since: number): void {
    if (this.#state === "closed" || changed.length === 0) return;
    this.#request.onChange({ paths: changed.length > STORM_PATHS ? null : changed, since });
  }

  /** After a flood of events some may have been dropped: everything is looked at. */
  #count(): void {
    const isFlood = this.#events > EVENTS_MAX;
    this.#events = 0;
    if (!isFlood) return;
    this.#queue(async () => {
      await this.#sweep();
      await this.#poll(this.#tops);
    });
  }

  /** Finds names that came or went without an event, and folders that others are in the place of, as where a disk is mounted. */
  async #sweep(): Promise<void> {
    await this.#findTops();
    for (const folder of this.#folders.below("")) {
      await this.#turn();
      if (this.#folders.isCurrent(folder)) this.#hintAtNames(folder);
      else this.#hint(folder);
    }
    if (LISTENS_BELOW) await this.#poll(this.#tops);
  }

  /** Nothing tells of a watched folder that comes again where the one around it is not watched. */
  async #findTops(): Promise<void> {
    for (const top of this.#tops) {
      if (!this.#folders.isCurrent(top)) this.#folders.forget(top);
      if (!this.#folders.has(top)) this.#report(await this.#visit(top, Number.NEGATIVE_INFINITY), performance.now());
    }
  }

  /** Finds what changed where no event tells of it. */
  async #poll(tops: Iterable<string> = this.#polled): Promise<void> {
    for (const folder of [...tops].flatMap((top) => this.#folders.below(top))) {
      for (const { name } of this.#hintAtNames(folder)) {
        await this.#turn();
        const path = joinPath(folder, name);
        if (this.#folders.knows(path) && this.#folders.isOutdated(path)) this.#hint(path);
      }
    }
  }

  /** What came to a folder or went from it, except folders that are ignored, which are never known; returns what is in it. */
  #hintAtNames(folder: string): readonly Entry[] {
    const { entries, added, gone } = this.#folders.read(folder);
    for (const { name, isFolder } of added) {
      const path = joinPath(folder, name);
      if (!isFolder || !this.#request.relevance.prunes(path)) this.#hint(path);
    }
    for (const path of gone) this.#hint(path);
    return entries;
  }

  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#state !== "closed") await work();
    });
    this.#work = this.#work.catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      this.#request.onError(error);
    });
  }

  /** Does it again and again, and pauses for so many times what it takes. */
  #repeat(name: string, milliseconds: number, pauses: number, work: () => Promise<void>): void {
    this.#later(name, milliseconds, () =>
      this.#queue(async () => {
        const began = performance.now();
        await work();
        this.#repeat(name, Math.max(milliseconds, pauses * (performance.now() - began)), pauses, work);
      }),
    );
  }

  /** One timer of each name. */
  #later(name: string, milliseconds: number, work: () => void): void {
    if (this.#state === "closed" || this.#timers.has(name)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      work();
    }, milliseconds);
    this.#timers.set(name, timer);
  }

  async #turn(): Promise<void> {
    if (++this.#names % NAMES_PER_TURN === 0) await setImmediate();
  }
}
