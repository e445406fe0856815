import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { watch } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/**
 * Calls pidfd_open(2), which has the same number on every architecture, and select(2): Node.js has neither. ESRCH, 3,
 * is not a failure.
 */
const WAIT = `
  $fd = syscall(434, $ARGV[0] + 0, 0);
  exit($! != 3) if $fd < 0;
  vec($set, $fd, 1) = 1;
  select($set, undef, undef, undef);
`;

/** Kills a process; throws if there is none. */
export function kill(pid: number): void {
  checkPid(pid);
  process.kill(pid, "SIGKILL");
}

/** The same of one that may have ended. */
export function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** Settles once the process has ended, with any parent; the test's own time limit bounds the wait. */
export async function gone(pid: number): Promise<void> {
  checkPid(pid);
  await promisify(execFile)("perl", ["-e", WAIT, String(pid)]);
}

/** Settles once the directory is empty; the test's own time limit bounds the wait. */
export async function emptied(directory: string): Promise<void> {
  const watcher = watch(directory);
  try {
    await new Promise<void>((resolve, reject) => {
      const look = () => readdir(directory).then((names) => (names.length === 0 ? resolve() : undefined), reject);
      watcher.on("change", look).on("error", reject);
      void look();
    });
  } finally {
    watcher.close();
  }
}

/** Settles once the file contains a match, and returns it; the test's own time limit bounds the wait. */
export async function written(file: string, pattern: RegExp): Promise<RegExpExecArray> {
  const watcher = watch(file);
  try {
    return await new Promise((resolve, reject) => {
      const look = () =>
        readFile(file, "utf8").then((content) => {
          const match = pattern.exec(content);
          if (match) resolve(match);
        }, reject);
      watcher.on("change", look).on("error", reject);
      void look();
    });
  } finally {
    watcher.close();
  }
}

/** A test that failed to read an id has 0 or NaN, which no process has; kill(2) would signal the whole group. */
function checkPid(pid: number): void {
  assert.ok(Number.isSafeInteger(pid) && pid > 1, `${pid} is not the id of a process`);
}
