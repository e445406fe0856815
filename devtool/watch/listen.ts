import { type FSWatcher, watch } from "node:fs";
import { Failure } from "../failure.ts";
import { fromSystem, localPath } from "../paths/bytes.ts";

/**
 * Linux tells of each folder by itself: one inotify watch for a folder serves all its files. macOS and Windows tell of
 * all that is below a folder.
 */
export const LISTENS_BELOW = process.platform === "darwin" || process.platform === "win32";

export interface Listener {
  close(): void;
}

/**
 * Calls `onName` with a name in the folder, or on macOS and Windows with a path below it, in bytes: something may have
 * happened to it; without one: to anything. undefined for a folder that is gone or can't be read, which sync reports.
 * @throws Failure at a limit of this machine
 */
export function listen(
  root: string,
  folder: string,
  onName: (name: string | undefined) => void,
  onError: (error: Failure) => void,
): Listener | undefined {
  let watcher: FSWatcher;
  try {
    // As a buffer: a name need not be UTF-8.
    watcher = watch(localPath(root, folder), { encoding: "buffer", recursive: LISTENS_BELOW });
  } catch (error) {
    if (isUnreachable(error)) return undefined;
    throw watchFailure(error);
  }
  watcher.on("change", (_type, name) => onName(name === null ? undefined : slashed(name as Buffer)));
  watcher.on("error", (error) => {
    if (!isUnreachable(error)) onError(watchFailure(error));
  });
  return { close: () => watcher.close() };
}

interface Limited {
  readonly root: string;
  readonly poll?: boolean | undefined;
  readonly onError: (error: Failure) => void;
  readonly onLimit?: (failure: Failure) => void;
}

/**
 * As listen(), for a folder as its path in bytes. "gone": undefined there; "limit": at a limit of this machine, where `onLimit` does
 * not throw it and changes may be looked for.
 */
export function listenOrPoll(
  { root, poll, onError, onLimit }: Limited,
  folder: string,
  onName: (name: string | undefined) => void,
): Listener | "gone" | "limit" {
  try {
    return listen(root, folder === "" ? "." : folder, onName, onError) ?? "gone";
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "watch-limit" || !onLimit || poll === false) throw error;
    onLimit(error);
    return "limit";
  }
}

function slashed(name: Buffer): string {
  const bytes = fromSystem(name.toString("latin1"));
  return process.platform === "win32" ? bytes.replaceAll("\\", "/") : bytes;
}

/** EPERM: on Windows, a watched folder was removed. */
function isUnreachable(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP"].includes(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

const POLL = "or let devtool look for changes itself: watch: { poll: true } in the configuration";

function watchFailure(error: unknown): Failure {
  const code = codeOf(error);
  if (code === "ENOSPC") {
    return new Failure("this machine's limit of watched folders is reached (ENOSPC)", {
      code: "watch-limit",
      remedy: `raise it: sudo sysctl fs.inotify.max_user_watches=524288; ${POLL}`,
      cause: error,
    });
  }
  if (code === "EMFILE" || code === "ENFILE") {
    return new Failure(`this machine's limit of open files, or of inotify instances, is reached (${code})`, {
      code: "watch-limit",
      remedy: `raise it: ulimit -n 65536; on Linux also sudo sysctl fs.inotify.max_user_instances=1024; ${POLL}`,
      cause: error,
    });
  }
  return new Failure(`can't watch the project: ${error instanceof Error ? error.message : String(error)}`, {
    code: "watch-failed",
    remedy: `check that the project's folders can be read, ${POLL}`,
    cause: error,
  });
}
