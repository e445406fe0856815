import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path/posix";
import { BadImage, bytesOf, type Entry, type Metadata, shown } from "./entry.ts";
import { checkSymlink } from "./entry-path.ts";

/** Far above any root file system, and low enough that a hostile archive is refused before the machine is exhausted. */
export const ENTRIES_MAX = 4_000_000;
export const CONTENT_BYTES_MAX = 64 * 1_024 ** 3;

/** What is on disk so far. */
export interface Extracted {
  /** Everything but directories. */
  files: number;
  /** Of the files' contents; a hard link counts once. */
  bytes: number;
  /** Whether any file may be executed: a container needs one. */
  executable: boolean;
  /** Left out: devices and sockets only mean something on a running machine, and a container gets its own. */
  devices: number;
  sockets: number;
  mountPoints: number;
  /** Files that lost extended attributes. */
  attributes: number;
}

interface Tree {
  /** An empty directory that no one else can write to. */
  readonly rootfs: string;
  /** Every directory made so far; its metadata is set at the end, after its entries are written. */
  readonly directories: Map<string, Metadata>;
  /** Whether owners are kept: only root can chown. */
  readonly owners: boolean;
}

/**
 * Writes the entries below `rootfs`, the absolute path of an empty directory that only the caller can reach. No existing
 * file is opened, and no symlink followed, so nothing outside `rootfs` changes. Throws BadImage for an entry that would
 * change it, the errors of the system calls, and, between two writes, the signal's reason.
 */
export async function extractEntries(
  entries: AsyncIterable<Entry>,
  rootfs: string,
  signal: AbortSignal,
  progress: (done: Readonly<Extracted>) => void,
): Promise<Extracted> {
  const tree: Tree = {
    rootfs: Buffer.from(rootfs).toString("latin1"),
    directories: new Map([["", { mode: 0o755, uid: 0, gid: 0, mtime: Date.now() / 1_000 }]]),
    owners: process.geteuid?.() === 0,
  };
  const done: Extracted = {
    files: 0,
    bytes: 0,
    executable: false,
    devices: 0,
    sockets: 0,
    mountPoints: 0,
    attributes: 0,
  };
  let count = 0;
  for await (const entry of entries) {
    signal.throwIfAborted();
    count += 1;
    if (count > ENTRIES_MAX) throw new BadImage(`it contains more than ${ENTRIES_MAX.toLocaleString("en")} files`);
    await place(tree, entry, done, signal);
    progress(done);
  }
  for (const [path, metadata] of [...tree.directories].reverse()) finishDirectory(tree, path, metadata);
  return done;
}

async function place(tree: Tree, entry: Entry, done: Extracted, signal: AbortSignal): Promise<void> {
  if (entry.path === "" && entry.kind !== "directory")
    throw new BadImage(`its root is a ${entry.kind}, not a directory`);
  if (entry.attributes) done.attributes += 1;
  switch (entry.kind) {
    case "device":
      if (dirname(entry.path) !== "dev") throw new BadImage(`${shown(entry.path)} is a device outside of dev/`);
      done.devices += 1;
      return;
    case "socket":
      done.sockets += 1;
      return;
    case "mount point":
      done.mountPoints += 1;
      if (entry.directory) makeDirectory(tree, entry);
      return;
    case "directory":
      return makeDirectory(tree, entry);
    default:
      done.files += 1;
      makeParents(tree, entry.path);
      removeEarlier(tree, entry.path);
      return makeFile(tree, entry, done, signal);
  }
}

type FileEntry = Exclude<Entry, { kind: "directory" | "device" | "socket" | "mount point" }>;

async function makeFile(tree: Tree, entry: FileEntry, done: Extracted, signal: AbortSignal): Promise<void> {
  switch (entry.kind) {
    case "file":
      done.executable ||= (entry.metadata.mode & 0o111) !== 0;
      return writeFile(tree, entry, done, signal);
    case "symlink":
      return makeSymlink(tree, entry);
    case "hardlink":
      return makeHardLink(tree, entry);
    case "fifo":
      return makeFifo(tree, entry);
    default:
      entry satisfies never;
  }
}

function onDisk(tree: Tree, path: string): Buffer {
  return bytesOf(path === "" ? tree.rootfs : `${tree.rootfs}/${path}`);
}

function makeDirectory(tree: Tree, { path, metadata }: Entry): void {
  makeParents(tree, path);
  if (!tree.directories.has(path)) mkdirNew(tree, path);
  tree.directories.set(path, metadata);
}

/** As with tar, a directory that the archive lists late, or not at all, is made for its first file. */
function makeParents(tree: Tree, path: string): void {
  const parent = path.includes("/") ? dirname(path) : "";
  if (tree.directories.has(parent)) return;
  makeParents(tree, parent);
  mkdirNew(tree, parent);
  tree.directories.set(parent, { mode: 0o755, uid: 0, gid: 0, mtime: Date.now() / 1_000 });
}

function mkdirNew(tree: Tree, path: string): void {
  try {
    mkdirSync(onDisk(tree, path), 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // All directories made so far are known, so this is a file or a symlink.
    throw new BadImage(`${shown(path)} is used as a directory, but an earlier entry makes it something else`);
  }
}

/** As with tar, a later entry with the same name replaces the earlier one, which is unlinked: its other hard links stay. */
function removeEarlier(tree: Tree, path: string): void {
  if (tree.directories.has(path))
    throw new BadImage(`${shown(path)} is a directory, and a later entry makes it something else`);
  const earlier = onDisk(tree, path);
  if (lstatSync(earlier, { throwIfNoEntry: false })) unlinkSync(earlier);
}

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

async function writeFile(
  tree: Tree,
  entry: Entry & { kind: "file" },
  done: Extracted,
  signal: AbortSignal,
): Promise<void> {
  const { mode, uid, gid, mtime } = entry.metadata;
  const file = openSync(onDisk(tree, entry.path), NEW_FILE, 0o600);
  try {
    for await (const chunk of entry.content) {
      signal.throwIfAborted();
      done.bytes += chunk.length;
      if (done.bytes > CONTENT_BYTES_MAX) throw new BadImage(`it is bigger than ${CONTENT_BYTES_MAX / 1_024 ** 3} GiB`);
      for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
    }
    if (tree.owners) fchownSync(file, uid, gid);
    // After chown, which takes setuid and setgid away.
    fchmodSync(file, mode);
    futimesSync(file, time(mtime), time(mtime));
  } finally {
    closeSync(file);
  }
}

function makeSymlink(tree: Tree, { path, target, metadata }: Entry & { kind: "symlink" }): void {
  checkSymlink(path, target);
  const link = onDisk(tree, path);
  symlinkSync(bytesOf(target), link);
  if (tree.owners) lchownSync(link, metadata.uid, metadata.gid);
  lutimesSync(link, time(metadata.mtime), time(metadata.mtime));
}

/** link(2) follows no symlink at the end of the target's path; that none leads to it is checked here. */
function makeHardLink(tree: Tree, { path, target }: Entry & { kind: "hardlink" }): void {
  const parent = target.includes("/") ? dirname(target) : "";
  const exists = tree.directories.has(parent) && lstatSync(onDisk(tree, target), { throwIfNoEntry: false });
  if (!exists || tree.directories.has(target)) {
    throw new BadImage(`the hard link ${shown(path)} is to ${shown(target)}, which is not a file of the image`);
  }
  linkSync(onDisk(tree, target), onDisk(tree, path));
}

/** Node.js has no mkfifo. */
function makeFifo(tree: Tree, { path, metadata }: Entry): void {
  const fifo = onDisk(tree, path);
  const name = fifo.toString();
  if (!Buffer.from(name).equals(fifo)) throw new BadImage(`the name of the FIFO ${shown(path)} is not UTF-8`);
  execFileSync("mkfifo", ["--", name], { stdio: ["ignore", "ignore", "pipe"] });
  if (tree.owners) lchownSync(fifo, metadata.uid, metadata.gid);
  chmodSync(fifo, metadata.mode);
  utimesSync(fifo, time(metadata.mtime), time(metadata.mtime));
}

function finishDirectory(tree: Tree, path: string, { mode, uid, gid, mtime }: Metadata): void {
  const directory = onDisk(tree, path);
  if (tree.owners) lchownSync(directory, uid, gid);
  chmodSync(directory, mode);
  utimesSync(directory, time(mtime), time(mtime));
}

/** Node.js reads a negative number as the present time, but a Date before 1970 correctly. */
function time(mtime: number): number | Date {
  return mtime < 0 ? new Date(mtime * 1_000) : mtime;
}
