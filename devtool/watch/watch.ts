import { createHash } from "node:crypto";
import { once } from "node:events";
import { lstat, readdir, readFile } from "node:fs/promises";
import { join, posix, relative, sep } from "node:path";
import { watch as chokidarWatch, type FSWatcher } from "chokidar";
import { Failure } from "../failure.ts";

/** What changed since the last one; relative to the project, posix. null: too much to name. */
export interface ChangeSet {
  readonly paths: readonly string[] | null;
}

export interface WatchRequest {
  /** Absolute. */
  readonly root: string;
  /** Whether a change of a path, relative and posix, means anything. */
  readonly matters: (path: string) => boolean;
  /** Whether nothing below a directory can matter. */
  readonly prunes: (path: string) => boolean;
  /** `since`: when the first of them was noticed, on the clock of performance.now(). */
  readonly onChange: (changes: ChangeSet, since: number) => void;
  readonly onError: (error: Failure) => void;
}

export interface Watcher {
  /** Also watches these folders of the project, and what is below them. Settles once it does. */
  add(folders: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A save is told once it has been quiet for this long… */
const QUIET_MS = 5;
/** …or has waited this long. */
const WAIT_MAX_MS = 150;
/** A branch switch, an unpacked archive: told as one change of everything, after a longer quiet. */
const STORM_PATHS = 200;
const STORM_QUIET_MS = 250;
const STORM_WAIT_MAX_MS = 5_000;
/** chokidar drops a second change within 50 ms, and a second removal within 100 ms: so each path is looked at again. */
const LOOK_AGAIN_MS = [60, 160] as const;
/** It is not listening yet when it says it is ready, and some file systems tell nothing: so all is looked at again. */
const SWEEPS_MS = [50, 1_000] as const;
const SWEEP_INTERVAL_MS = 30_000;
/** Of larger files size and time have to tell. */
const DIGEST_BYTES_MAX = 1024 * 1024;

/**
 * Tells of changes below the project. An event is a hint, what lstat says is the truth: nothing is told that did not
 * change, and what changed again while it was told is told again.
 */
export function createWatcher(request: WatchRequest): Watcher {
  const { root } = request;
  const seen = new Map<string, State>();
  const watchers: FSWatcher[] = [];
  const folders: string[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const later = (milliseconds: number, work: () => Promise<void> | void) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      void work();
    }, milliseconds);
    timers.add(timer);
  };
  const settle = createSettling(async (paths, since) => {
    // A storm is not read to tell its digests; size and time have to do.
    const withDigest = paths.length <= STORM_PATHS;
    const changed: string[] = [];
    for (const path of paths) if (await isNews(path, withDigest)) changed.push(path);
    if (changed.length > 0) request.onChange({ paths: changed.length > STORM_PATHS ? null : changed }, since);
    for (const milliseconds of LOOK_AGAIN_MS) later(milliseconds, () => lookAgain(paths, withDigest));
  });
  const hint = (path: string) => {
    if (path !== "" && request.matters(path)) settle.add(path);
  };
  const isNews = async (path: string, withDigest: boolean) => {
    const now = await stateOf(join(root, path), withDigest);
    const before = seen.get(path);
    if (now === undefined) return seen.delete(path);
    seen.set(path, now);
    return before === undefined || differs(before, now);
  };
  const lookAgain = async (paths: readonly string[], withDigest: boolean) => {
    for (const path of paths) {
      const [before, now] = [seen.get(path), await stateOf(join(root, path), withDigest)];
      if (before && now ? differs(before, now) : before !== now) hint(path);
    }
  };
  const sweep = async () => {
    const there = await statesBelow(root, folders, request.prunes);
    for (const [path, now] of there) {
      const before = seen.get(path);
      if (before === undefined || before.stat !== now.stat) hint(path);
    }
    for (const path of seen.keys()) if (!there.has(path)) hint(path);
  };
  const interval = setInterval(sweep, SWEEP_INTERVAL_MS);
  return {
    add: async (added) => {
      if (added.length === 0) return;
      for (const [path, state] of await statesBelow(root, added, request.prunes))
        if (!seen.has(path)) seen.set(path, state);
      folders.push(...added);
      const watcher = listen(root, added, request);
      watchers.push(watcher);
      await once(watcher, "ready");
      watcher.on("all", (_event, path) => hint(posixRelative(root, path)));
      for (const milliseconds of SWEEPS_MS) later(milliseconds, sweep);
    },
    close: async () => {
      settle.stop();
      clearInterval(interval);
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(watchers.map((watcher) => watcher.close()));
    },
  };
}

/** Collects paths until it has been quiet for a while. */
function createSettling(flush: (paths: readonly string[], since: number) => Promise<void>): {
  add(path: string): void;
  stop(): void;
} {
  const waiting = new Set<string>();
  let first = 0;
  let timer: NodeJS.Timeout | undefined;
  return {
    add: (path) => {
      if (waiting.size === 0) first = performance.now();
      waiting.add(path);
      const isStorm = waiting.size > STORM_PATHS;
      const deadline = first + (isStorm ? STORM_WAIT_MAX_MS : WAIT_MAX_MS);
      clearTimeout(timer);
      timer = setTimeout(
        () => {
          const [paths, since] = [[...waiting], first];
          waiting.clear();
          void flush(paths, since);
        },
        Math.max(0, Math.min(isStorm ? STORM_QUIET_MS : QUIET_MS, deadline - performance.now())),
      );
    },
    stop: () => clearTimeout(timer),
  };
}

function listen(root: string, folders: readonly string[], { prunes, onError }: WatchRequest): FSWatcher {
  const watcher = chokidarWatch(
    folders.map((folder) => join(root, folder)),
    {
      atomic: false,
      followSymlinks: false,
      ignored: (path) => {
        const inside = posixRelative(root, path);
        return inside !== "" && prunes(inside);
      },
    },
  );
  return watcher.on("error", (error) => onError(watchFailure(error)));
}

interface State {
  readonly stat: string;
  /** Two writes within one tick of the file system's clock differ in nothing but their content. */
  readonly digest: string | undefined;
}

function differs(before: State, now: State): boolean {
  return before.stat !== now.stat || (before.digest ?? now.digest) !== (now.digest ?? before.digest);
}

/** undefined where there is nothing. */
async function stateOf(path: string, withDigest: boolean): Promise<State | undefined> {
  try {
    const { mode, size, mtimeNs, ino } = await lstat(path, { bigint: true });
    const isFile = (Number(mode) & 0o170000) === 0o100000;
    const digest = withDigest && isFile && size <= DIGEST_BYTES_MAX ? sha1(await readFile(path)) : undefined;
    return { stat: isFile ? `${mode} ${size} ${mtimeNs} ${ino}` : `${mode} ${ino}`, digest };
  } catch {
    return undefined;
  }
}

function sha1(content: Buffer): string {
  return createHash("sha1").update(content).digest("hex");
}

async function statesBelow(
  root: string,
  folders: readonly string[],
  prunes: (path: string) => boolean,
): Promise<Map<string, State>> {
  const states = new Map<string, State>();
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = posix.join(folder, entry.name);
      if (prunes(path)) continue;
      const state = await stateOf(join(root, path), false);
      if (state) states.set(path, state);
      if (entry.isDirectory()) await visit(path);
    }
  };
  for (const folder of folders) await visit(folder);
  return states;
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
