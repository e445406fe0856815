import { Failure } from "../failure.ts";
import { errnoWords } from "../process/errno.ts";
import { capture } from "../targets/capture.ts";
import type { Connection } from "../targets/target.ts";
import { causeIn } from "./rsync-exit.ts";

/** Makes the mirror's folder and those that it is in. @throws Failure, exit code 2 */
export async function makeMirror(connection: Connection, mirror: string, signal: AbortSignal): Promise<void> {
  const { status, stderr } = await capture(connection, ["mkdir", "-p", "--", mirror], { env: { LC_ALL: "C" }, signal });
  const said = stderr.toString();
  if (status.code !== 0) throw (await obstacleTo(connection, mirror, signal)) ?? unmakable(mirror, whyIn(said), said);
}

const MAKE_NEW = `mkdir -- "$1" 2>/dev/null || { mkdir -p -- "\${1%/*}" && mkdir -- "$1"; }`;

/** As makeMirror(), where nothing has its name; else, or where it can't be made, false. */
export async function makeNewMirror(connection: Connection, mirror: string, signal: AbortSignal): Promise<boolean> {
  const { status } = await capture(connection, ["sh", "-c", MAKE_NEW, "sh", mirror.replace(/\/+$/, "")], { signal });
  return status.code === 0;
}

/**
 * Prints what is in the way of changing a mirror, or of making it: of the path, or the last one above it that is there, and why.
 * The kernel refuses rmdir on a read-only file system before it looks whether the folder is there, which this one is not.
 */
const OBSTACLE = `path=$1
while [ ! -e "\${path:-/}" ] && [ ! -L "$path" ]; do path=\${path%/*}; done
at=\${path:-/}
if [ ! -d "$at" ]; then printf 'Not a directory:%s' "$at"; exit; fi
case $(rmdir -- "$path/.devtool-$$" 2>&1) in *'Read-only file system'*) printf 'Read-only file system:%s' "$at"; exit ;; esac
[ "$path" = "$1" ] || { [ -w "$at" ] && [ -x "$at" ]; } || printf 'Permission denied:%s' "$at"`;

/** Refuses a mirror that could not be made or changed, as far as that can be known without doing so. @throws Failure, exit code 2 */
export async function checkMirror(connection: Connection, mirror: string, signal: AbortSignal): Promise<void> {
  const obstacle = await obstacleTo(connection, mirror, signal);
  if (obstacle) throw obstacle;
}

async function obstacleTo(connection: Connection, mirror: string, signal: AbortSignal): Promise<Failure | undefined> {
  const argv = ["sh", "-c", OBSTACLE, "sh", mirror];
  const { stdout } = await capture(connection, argv, { env: { LC_ALL: "C" }, signal });
  const [words = "", ...path] = stdout.toString().split(":");
  return words === "" ? undefined : unmakable(mirror, obstacleIn(words, path.join(":")), words);
}

function obstacleIn(words: string, path: string): string {
  if (words === "Not a directory") return `${path} is not a directory`;
  return words === "Permission denied"
    ? `the login user may not write to ${path}`
    : `${path} is on a read-only file system`;
}

/** `said`: strerror's words. */
function unmakable(mirror: string, why: string, said: string): Failure {
  const cause = causeIn(said);
  return new Failure(`can't make or change the mirror ${mirror} on the target: ${why}`, {
    ...(cause.code === "sync-failed" ? UNUSABLE : cause),
    exitCode: 2,
  });
}

const UNUSABLE = {
  code: "mirror-invalid",
  remedy: "name another folder: mirror, in the target's settings",
} as const;

const ERRNOS: Readonly<Record<string, string>> = {
  "No such file or directory": "ENOENT",
  "Permission denied": "EACCES",
  "No space left on device": "ENOSPC",
};

/** mkdir's message ends in strerror's words. */
function whyIn(said: string): string {
  const words = /: ([^:\n]+)$/.exec(said.trim())?.[1] ?? "mkdir failed there";
  const errno = ERRNOS[words];
  return errno === undefined ? words : errnoWords(errno);
}
