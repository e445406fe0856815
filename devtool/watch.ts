import { createHash } from "node:crypto";
import { once } from "node:events";
import { lstat, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { watch as chokidarWatch, type FSWatcher } from "chokidar";
import { Failure } from "./failure.ts";

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
  readonly onChange: (changes: ChangeSet) => void;
  readonly onError: (error: Failure) => void;
}

export interface Watcher {
  /** Also watches these folders of the project, and what is below them. Settles once it does. */
  add(folders: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** A save is told once it has been quiet for this long… */
const QUIET_MS = 10;
/** …or has waited this long. */
const WAIT_MAX_MS = 150;
/** A branch switch, an unpacked archive: told as one change of everything, after a longer quiet. */
const STORM_PATHS = 200;
const STORM_QUIET_MS = 250;
const STORM_WAIT_MAX_MS = 5_000;
/** chokidar drops a second change within 50 ms, and a second removal within 100 ms: so each path is looked at again. */
const LOOK_AGAIN_MS = [60, 160] as const;
/** Of larger files size and time have to tell. */
const DIGEST_BYTES_MAX = 1024 * 1024;

/**
 * Tells of changes below the project. An event is a hint, what lstat says is the truth: nothing is told that did not
 * change, and what changed again while it was told is told again.
 */
export function createWatcher(request: WatchRequest): Watcher {
  const { root } = request;
  const seen = new Map<string, string>();
  const hinted = new Set<string>();
  const begun = Date.now();
  let first = 0;
  let timer: NodeJS.Timeout | undefined;
  const looks = new Set<NodeJS.Timeout>();

  const hint = (path: string) => {
    if (path === "" || !request.matters(path)) return;
    if (hinted.size === 0) first = Date.now();
    hinted.add(path);
    const isStorm = hinted.size > STORM_PATHS;
    const deadline = first + (isStorm ? STORM_WAIT_MAX_MS : WAIT_MAX_MS);
    clearTimeout(timer);
    timer = setTimeout(flush, Math.max(0, Math.min(isStorm ? STORM_QUIET_MS : QUIET_MS, deadline - Date.now())));
  };
  const flush = () => {
    const paths = [...hinted];
    hinted.clear();
    if (paths.length > STORM_PATHS) {
      for (const path of paths) seen.delete(path);
      request.onChange({ paths: null });
      lookAgain(paths);
      return;
    }
    void settle(paths);
  };
  const settle = async (paths: readonly string[]) => {
    const changed: string[] = [];
    for (const path of paths) if (await isNews(path)) changed.push(path);
    if (changed.length > 0) request.onChange({ paths: changed });
    lookAgain(paths);
  };
  /** What was there before is only known of paths that were told or looked at. */
  const isNews = async (path: string) => {
    const now = await signature(join(root, path));
    const before = seen.get(path);
    if (now === undefined) return seen.delete(path);
    seen.set(path, now);
    return before !== now;
  };
  const lookAgain = (paths: readonly string[]) => {
    for (const milliseconds of LOOK_AGAIN_MS) {
      const look = setTimeout(async () => {
        looks.delete(look);
        for (const path of paths) if ((await signature(join(root, path))) !== seen.get(path)) hint(path);
      }, milliseconds);
      looks.add(look);
    }
  };

  const listen = async (folders: readonly string[]) => {
    let isFirstLook = true;
    const watcher = chokidarWatch([...folders.map((folder) => join(root, folder))], {
      atomic: false,
      followSymlinks: false,
      ignored: (path) => {
        const inside = posixRelative(root, path);
        return inside !== "" && request.prunes(inside);
      },
    });
    watchers.push(watcher);
    watcher.on("error", (error) => request.onError(watchFailure(error)));
    watcher.on("all", (_event, absolute, stats) => {
      const path = posixRelative(root, absolute);
      if (!isFirstLook || (stats?.mtimeMs ?? 0) > begun) hint(path);
      else seen.set(path, THERE);
    });
    await once(watcher, "ready");
    isFirstLook = false;
  };
  const watchers: FSWatcher[] = [];
  return {
    add: listen,
    close: async () => {
      clearTimeout(timer);
      for (const look of looks) clearTimeout(look);
      await Promise.all(watchers.map((watcher) => watcher.close()));
    },
  };
}

/** In place of a signature, for what the first look at a folder found. */
const THERE = "there";

/** What tells one state of a path from another; undefined where there is nothing. */
async function signature(path: string): Promise<string | undefined> {
  try {
    const { mode, size, mtimeNs, ino } = await lstat(path, { bigint: true });
    const isFile = (Number(mode) & 0o170000) === 0o100000;
    if (!isFile) return `${mode} ${ino}`;
    // Two writes within one tick of the file system's clock differ in nothing but their content.
    const digest =
      size > DIGEST_BYTES_MAX
        ? ""
        : createHash("sha1")
            .update(await readFile(path))
            .digest("hex");
    return `${mode} ${size} ${mtimeNs} ${ino} ${digest}`;
  } catch {
    return undefined;
  }
}

function posixRelative(root: string, path: string): string {
  const inside = relative(root, path);
  return sep === "/" ? inside : inside.replaceAll(sep, "/");
}

function watchFailure(error: unknown): Failure {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOSPC") {
    return new Failure("this machine's limit of watched files is reached (ENOSPC)", {
      remedy: "raise it: sudo sysctl fs.inotify.max_user_watches=524288",
      cause: error,
    });
  }
  if (code === "EMFILE") {
    return new Failure("this machine's limit of open files, or of inotify instances, is reached (EMFILE)", {
      remedy: "raise it: ulimit -n 65536; on Linux also sudo sysctl fs.inotify.max_user_instances=1024",
      cause: error,
    });
  }
  return new Failure(`can't watch the project: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
