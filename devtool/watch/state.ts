import { createHash } from "node:crypto";
import { lstatSync, readFileSync, type Stats } from "node:fs";

/** Of larger files only size and time are compared. */
const DIGEST_BYTES_MAX = 1024 * 1024;

/** A file, link or directory as it was last seen. */
export interface FileState {
  readonly mode: number;
  readonly size: number;
  readonly modified: number;
  readonly inode: number;
  /** When a directory was made, in milliseconds since 1970: one that is made anew may have the inode number of the old one. */
  readonly madeAt: number | undefined;
  /** The file system it is on. */
  readonly device: number;
  /** Two writes within one tick of the file system's clock differ in nothing but their content. */
  readonly digest: string | undefined;
  /** The status change time (ctime) in milliseconds since 1970. */
  readonly changedAt: number;
  /** Whether this file has other names (hard links), by which it may be written as well. */
  readonly hasOtherNames: boolean;
}

/** undefined if there is no such file. */
export function stateOf(path: string | Buffer, withDigest: boolean): FileState | undefined {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return (
      stat && describe(stat, withDigest && stat.isFile() && stat.size <= DIGEST_BYTES_MAX ? sha1(path) : undefined)
    );
  } catch {
    return undefined;
  }
}

function describe(stat: Stats, digest: string | undefined): FileState {
  const { mode, size, mtimeMs, ino, dev, ctimeMs, birthtimeMs, nlink } = stat;
  // A directory's size and time change with the names in it, and those are paths of their own; a pipe's with its use.
  const hasContent = stat.isFile() || stat.isSymbolicLink();
  return {
    mode,
    size: hasContent ? size : 0,
    modified: hasContent ? mtimeMs : 0,
    inode: ino,
    madeAt: stat.isDirectory() ? birthtimeMs : undefined,
    device: dev,
    digest,
    changedAt: ctimeMs,
    hasOtherNames: stat.isFile() && nlink > 1,
  };
}

export function isDirectory({ mode }: FileState): boolean {
  return (mode & 0o170000) === 0o040000;
}

function isFile({ mode }: FileState): boolean {
  return (mode & 0o170000) === 0o100000;
}

export function differ(before: FileState, now: FileState): boolean {
  return (
    before.mode !== now.mode ||
    before.size !== now.size ||
    before.modified !== now.modified ||
    before.inode !== now.inode ||
    before.madeAt !== now.madeAt ||
    before.device !== now.device ||
    (isFile(now) && hasOtherContent(before, now))
  );
}

/** Of files that are alike otherwise. Any time may be given to one, but not that of its last change of status. */
function hasOtherContent(before: FileState, now: FileState): boolean {
  const areRead = before.digest !== undefined && now.digest !== undefined;
  return areRead ? before.digest !== now.digest : before.changedAt !== now.changedAt;
}

function sha1(path: string | Buffer): string {
  return createHash("sha1").update(readFileSync(path)).digest("hex");
}
