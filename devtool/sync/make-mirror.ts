import { text } from "node:stream/consumers";
import { Failure } from "../failure.ts";
import { errnoWords } from "../process/errno.ts";
import type { Connection } from "../targets/target.ts";
import { causeIn } from "./rsync-exit.ts";

/** Makes the mirror's folder and those that it is in. @throws Failure, exit code 2 */
export async function makeMirror(connection: Connection, mirror: string, signal: AbortSignal): Promise<void> {
  const mkdir = await connection.exec(["mkdir", "-p", "--", mirror], { env: { LC_ALL: "C" }, signal });
  mkdir.stdin.end();
  mkdir.stdout.resume();
  const [said, { code }] = await Promise.all([text(mkdir.stderr), mkdir.exited]);
  if (code === 0) return;
  const cause = causeIn(said);
  throw new Failure(`can't make the mirror ${mirror} on the target: ${whyIn(said)}`, {
    ...(cause.code === "sync-failed" ? UNUSABLE : cause),
    exitCode: 2,
  });
}

const UNUSABLE = {
  code: "mirror-invalid",
  remedy: "name another folder: mirror, in the target's settings",
} as const;

const ERRNOS: Readonly<Record<string, string>> = {
  "Not a directory": "ENOTDIR",
  "No such file or directory": "ENOENT",
  "Permission denied": "EACCES",
  "Read-only file system": "EROFS",
  "No space left on device": "ENOSPC",
};

/** mkdir's message ends in strerror's words. */
function whyIn(said: string): string {
  const words = /: ([^:\n]+)$/.exec(said.trim())?.[1] ?? "mkdir failed there";
  const errno = ERRNOS[words];
  return errno === undefined ? words : errnoWords(errno);
}
