import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  statfsSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { Failure } from "../failure.ts";

/** A name in an open directory. Names are byte strings: one character a byte. */
export interface Place {
  readonly directory: number;
  readonly name: string;
}

export interface CopyOptions {
  /** Owners stay as they are; otherwise what is made belongs to this process's user. */
  readonly keepOwners: boolean;
  /** Called after each file with how many there were. */
  readonly progress: (files: number) => void;
  readonly signal: AbortSignal;
}

export interface Copied {
  files: number;
  /** Devices, FIFOs and sockets. */
  leftOut: number;
}

/** Two descriptors each. */
const DEPTH_MAX = 1000;
const PIECE_BYTES = 256 * 1024;
const TURN_MS = 20;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Copies a file, a link or a directory with all below it; what is there already is replaced, directories are merged, and names
 * of one file (hard links) are those of one copy. Each
 * name is opened in the directory above it and no link is followed, so that neither side can lead it elsewhere, whatever its
 * files become meanwhile. Throws Failure for a directory in the way of a file, or the reverse, or the signal's reason.
 */
export async function copy(from: Place, to: Place, options: CopyOptions): Promise<Copied> {
  const copying = begun(to.directory, options);
  await inTurns(copyEntry(copying, from, to, []), options.signal);
  return copying.copied;
}

/** What is in a directory, into another one. */
export async function copyContent(from: number, to: number, options: CopyOptions): Promise<Copied> {
  const copying = begun(to, options);
  await inTurns(copyAll(copying, from, to, ["."]), options.signal);
  return copying.copied;
}

function begun(root: number, options: CopyOptions): Copying {
  return { options, copied: { files: 0, leftOut: 0 }, piece: Buffer.alloc(PIECE_BYTES), root, linked: new Map() };
}

/** Does work that stops after each piece of a file, and lets signals be seen now and then. */
async function inTurns(work: Iterable<void>, signal: AbortSignal): Promise<void> {
  let end = performance.now() + TURN_MS;
  for (const _ of work) {
    if (performance.now() < end) continue;
    await new Promise((resolve) => void setImmediate(resolve));
    signal.throwIfAborted();
    end = performance.now() + TURN_MS;
  }
}

interface Copying {
  readonly options: CopyOptions;
  readonly copied: Copied;
  readonly piece: Buffer;
  /** A directory of the target, in which all is that is made. */
  readonly root: number;
  /** By the device and the number of a file that has several names: where its copy is. */
  readonly linked: Map<string, Copy>;
}

interface Copy {
  /** The directories above it, from the root on. */
  readonly path: readonly string[];
  readonly name: string;
  readonly inode: bigint;
}

export function pathOf({ directory, name }: Place): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${name}`, "latin1");
}

function* copyAll(copying: Copying, from: number, to: number, path: readonly string[]): Generator<void> {
  for (const name of readdirSync(`/proc/self/fd/${from}`, { encoding: "latin1" }))
    yield* copyEntry(copying, { directory: from, name }, { directory: to, name }, path);
}

function* copyEntry(copying: Copying, from: Place, to: Place, path: readonly string[]): Generator<void> {
  const stats = lstatSync(pathOf(from), { throwIfNoEntry: false });
  // It was removed just now.
  if (!stats) return;
  if (stats.isDirectory()) {
    yield* copyDirectory(copying, from, to, path);
    return;
  }
  if (stats.isFile()) yield* copyFile(copying, from, to, path);
  else if (stats.isSymbolicLink()) copyLink(copying, from, to, stats);
  else copying.copied.leftOut += 1;
  copying.copied.files += 1;
  copying.options.progress(copying.copied.files);
  yield;
}

function* copyDirectory(copying: Copying, from: Place, to: Place, path: readonly string[]): Generator<void> {
  if (path.length >= DEPTH_MAX)
    throw new Failure(`at most ${DEPTH_MAX} directories in each other are copied`, { code: "usage" });
  const source = openSync(pathOf(from), DIRECTORY);
  try {
    if (path.length > 0 && isPseudo(source)) return;
    const target = madeDirectory(to);
    try {
      yield* copyAll(copying, source, target, [...path, to.name]);
      finish(copying, target, fstatSync(source));
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** Of linux/magic.h: proc, sysfs, cgroup, cgroup2, devpts, mqueue. */
const PSEUDO: readonly number[] = [0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x19800202];

/** What the kernel shows as files there is not copied, unless it is named. */
function isPseudo(directory: number): boolean {
  return PSEUDO.includes(statfsSync(`/proc/self/fd/${directory}/.`).type);
}

function madeDirectory(place: Place): number {
  try {
    mkdirSync(pathOf(place), { mode: 0o700 });
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  }
  try {
    return openSync(pathOf(place), DIRECTORY);
  } catch (error) {
    if (!hasCode(error, "ENOTDIR") && !hasCode(error, "ELOOP")) throw error;
    throw inTheWay(place, "a file or a link is where a directory should be");
  }
}

function* copyFile(copying: Copying, from: Place, to: Place, path: readonly string[]): Generator<void> {
  // O_NONBLOCK: what became a FIFO since the lstat must not hang.
  const source = openSync(pathOf(from), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(source);
    if (!stats.isFile()) return;
    const key = stats.nlink > 1 ? identityOf(source) : undefined;
    const before = key === undefined ? undefined : copying.linked.get(key);
    if (before && linkTo(copying.root, before, to)) return;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const target = withRoom(to, () => openSync(pathOf(to), flags, 0o600));
    let isWhole = false;
    try {
      yield* copyBytes(copying.piece, source, target);
      finish(copying, target, stats);
      if (key !== undefined) copying.linked.set(key, { path, name: to.name, inode: inodeOf(target) });
      isWhole = true;
    } finally {
      // A part of it would pass for the whole.
      if (!isWhole) unlinkSync(pathOf(to));
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** In full: overlayfs has numbers that a double can't hold. */
function identityOf(file: number): string {
  const { dev, ino } = fstatSync(file, { bigint: true });
  return `${dev}:${ino}`;
}

function inodeOf(file: number): bigint {
  return fstatSync(file, { bigint: true }).ino;
}

/** Makes a hard link to what was copied before. Returns false where that is gone, or can't be linked. */
function linkTo(root: number, copy: Copy, to: Place): boolean {
  const opened: number[] = [];
  try {
    let directory = root;
    for (const name of copy.path) {
      directory = openSync(pathOf({ directory, name }), DIRECTORY);
      opened.push(directory);
    }
    const before = pathOf({ directory, name: copy.name });
    if (lstatSync(before, { bigint: true }).ino !== copy.inode) return false;
    withRoom(to, () => linkSync(before, pathOf(to)));
    return true;
  } catch (error) {
    if (NOT_LINKED.some((code) => hasCode(error, code))) return false;
    throw error;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

const NOT_LINKED: readonly string[] = ["ENOENT", "ENOTDIR", "ELOOP", "EXDEV", "EMLINK", "EPERM", "ENOTSUP"];

function* copyBytes(piece: Buffer, source: number, target: number): Generator<void> {
  for (let got = readSync(source, piece); got > 0; got = readSync(source, piece)) {
    for (let written = 0; written < got; ) written += writeSync(target, piece, written, got - written);
    yield;
  }
}

function copyLink({ options }: Copying, from: Place, to: Place, { uid, gid, atime, mtime }: Stats): void {
  const target = readlinkSync(pathOf(from), { encoding: "latin1" });
  withRoom(to, () => symlinkSync(Buffer.from(target, "latin1"), pathOf(to)));
  if (options.keepOwners) lchownSync(pathOf(to), uid, gid);
  lutimesSync(pathOf(to), atime, mtime);
}

/** A change of the owner clears setuid and setgid, so the mode comes after it. */
function finish({ options }: Copying, fd: number, { mode, uid, gid, atime, mtime }: Stats): void {
  if (options.keepOwners) fchownSync(fd, uid, gid);
  fchmodSync(fd, mode & 0o7777);
  futimesSync(fd, atime, mtime);
}

/** So often another command may put something there meanwhile. */
const OTHERS_MAX = 100;

/** Makes something in place of what is there. */
function withRoom<T>(place: Place, make: () => T): T {
  for (let others = 0; ; others += 1) {
    makeRoom(place);
    try {
      return make();
    } catch (error) {
      if (!hasCode(error, "EEXIST") || others === OTHERS_MAX) throw error;
    }
  }
}

function makeRoom(place: Place): void {
  const stats = lstatSync(pathOf(place), { throwIfNoEntry: false });
  if (!stats) return;
  if (stats.isDirectory()) throw inTheWay(place, "a directory is where a file should be");
  if (!stats.isFile() && !stats.isSymbolicLink()) throw specialInTheWay(Buffer.from(place.name, "latin1").toString());
  try {
    unlinkSync(pathOf(place));
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

function inTheWay({ name }: Place, why: string): Failure {
  return new Failure(`can't copy ${JSON.stringify(Buffer.from(name, "latin1").toString())}: ${why}`, {
    code: "usage",
    remedy: "remove it, or choose another place",
  });
}

export function specialInTheWay(name: string): Failure {
  return new Failure(`can't copy ${JSON.stringify(name)}: a device, a pipe or a socket is where a file should be`, {
    code: "usage",
    remedy: "choose another place; cp NAME:PATH - writes a tar archive on standard output",
  });
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
