import { once } from "node:events";
import { join, relative, sep } from "node:path";
import { watch as chokidarWatch, type FSWatcher } from "chokidar";
import { Failure } from "../failure.ts";
import type { Relevance } from "./relevance.ts";
import { Settling, STORM_PATHS } from "./settle.ts";
import { Snapshot } from "./snapshot.ts";

/** What changed since the previous change set. */
export interface ChangeSet {
  /** Relative to the project, posix. null: anything may have changed. */
  readonly paths: readonly string[] | null;
  /** When the first of it was noticed, as a time of performance.now(). */
  readonly since: number;
}

export interface WatchRequest {
  /** Absolute. */
  readonly root: string;
  readonly relevance: Pick<Relevance, "matters" | "prunes">;
  readonly onChange: (changes: ChangeSet) => void;
  readonly onError: (error: Failure) => void;
}

/** chokidar drops a second change within 50 ms, and a second removal within 100 ms: so each path is checked again. */
const RECHECK_MS = [60, 160] as const;
/**
 * chokidar reports that it is ready before it listens, and some file systems send no events: so everything is checked
 * again.
 */
const SWEEPS_MS = [50, 1_000] as const;
const SWEEP_INTERVAL_MS = 30_000;

/**
 * Reports what changes below a project's folders. An event is a hint, and what lstat returns is the truth: nothing is
 * reported that did not change, and what changes again while it is being reported is reported again.
 */
export class Watcher {
  readonly #request: WatchRequest;
  readonly #snapshot: Snapshot;
  readonly #settling = new Settling((paths, since) => void this.#compare(paths, since));
  readonly #folders: string[] = [];
  readonly #listeners: FSWatcher[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #interval = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS);
  #state: "watching" | "closed" = "watching";

  constructor(request: WatchRequest) {
    this.#request = request;
    this.#snapshot = new Snapshot(request.root, (path) => request.relevance.prunes(path));
  }

  /**
   * Also watches these folders of the project, and what is below them. Settles once it does. A change after `since`, in
   * milliseconds since 1970, is reported although it was made before.
   */
  async add(folders: readonly string[], since = Number.POSITIVE_INFINITY): Promise<void> {
    if (folders.length === 0) return;
    const changed = await this.#snapshot.learn(folders, since);
    if (this.#state === "closed") return;
    this.#folders.push(...folders);
    const listener = listen(this.#request, folders);
    this.#listeners.push(listener);
    await once(listener, "ready");
    listener.on("all", (_event, path) => this.#hint(posixRelative(this.#request.root, path)));
    for (const path of changed) this.#hint(path);
    for (const milliseconds of SWEEPS_MS) this.#later(milliseconds, () => this.#sweep());
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#settling.stop();
    clearInterval(this.#interval);
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  #hint(path: string): void {
    if (this.#state === "closed" || path === "" || !this.#request.relevance.matters(path)) return;
    this.#settling.add(path);
  }

  /** Reports those that changed. */
  async #compare(paths: readonly string[], since: number): Promise<void> {
    // The files of a storm are compared by size and time only: reading them all would take too long.
    const withDigest = paths.length <= STORM_PATHS;
    const changed: string[] = [];
    for (const path of paths) if (await this.#snapshot.update(path, withDigest)) changed.push(path);
    if (this.#state === "closed") return;
    if (changed.length > 0) this.#request.onChange({ paths: changed.length > STORM_PATHS ? null : changed, since });
    for (const milliseconds of RECHECK_MS) this.#later(milliseconds, () => this.#recheck(paths, withDigest));
  }

  async #recheck(paths: readonly string[], withDigest: boolean): Promise<void> {
    for (const path of paths) if (await this.#snapshot.isOutdated(path, withDigest)) this.#hint(path);
  }

  async #sweep(): Promise<void> {
    for (const path of await this.#snapshot.outdatedBelow(this.#folders)) this.#hint(path);
  }

  #later(milliseconds: number, work: () => Promise<void>): void {
    if (this.#state === "closed") return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void work();
    }, milliseconds);
    this.#timers.add(timer);
  }
}

function listen({ root, relevance, onError }: WatchRequest, folders: readonly string[]): FSWatcher {
  const listener = chokidarWatch(
    folders.map((folder) => join(root, folder)),
    {
      atomic: false,
      followSymlinks: false,
      ignored: (path) => {
        const inside = posixRelative(root, path);
        return inside !== "" && relevance.prunes(inside);
      },
    },
  );
  return listener.on("error", (error) => onError(watchFailure(error)));
}

function posixRelative(root: string, path: string): string {
  const inside = relative(root, path);
  return sep === "/" ? inside : inside.replaceAll(sep, "/");
}

function watchFailure(error: unknown): Failure {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") {
    return new Failure("this machine's limit of watched files is reached (ENOSPC)", {
      code: "watch-limit",
      remedy: "raise it: sudo sysctl fs.inotify.max_user_watches=524288",
      cause: error,
    });
  }
  if (code === "EMFILE") {
    return new Failure("this machine's limit of open files, or of inotify instances, is reached (EMFILE)", {
      code: "watch-limit",
      remedy: "raise it: ulimit -n 65536; on Linux also sudo sysctl fs.inotify.max_user_instances=1024",
      cause: error,
    });
  }
  return new Failure(`can't watch the project: ${error instanceof Error ? error.message : String(error)}`, {
    code: "watch-failed",
    cause: error,
  });
}
