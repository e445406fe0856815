import { closeSync, constants, openSync, readSync, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readdir, readlink } from "node:fs/promises";
import type { Attribute } from "../../host/attributes.ts";
import { numbersOfDevice } from "../../spec/security/device.ts";
import { BadImage, byteString, bytesOf, type Entry, type Metadata, type Piece } from "./entry.ts";
import { relativePath } from "./entry-path.ts";

/** Each takes a descriptor. */
const DEPTH_MAX = 2_000;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

type AttributesOf = (path: Buffer) => readonly Attribute[];

/**
 * The files below `directory` (absolute), each directory before its entries, names in byte order. What another file system
 * is mounted over is a "mount point". `attributesOf` reads a file's extended attributes. Each name is opened in the directory
 * above it, so that no link leads elsewhere, whatever is put there meanwhile. Errors are those of the system calls. `isOther`:
 * whether what has these is of another file system than the top. What is removed meanwhile is left out.
 */
export async function* readTree(
  directory: string,
  attributesOf: AttributesOf,
  isOther: (stats: Stats, top: Stats) => boolean = (stats, top) => stats.dev !== top.dev,
): AsyncGenerator<Entry> {
  const walk = new Walk(byteString(directory), isOther);
  try {
    yield* walk.entries(attributesOf);
  } finally {
    await walk.close();
  }
}

/** One file that is no directory, under that path. */
export async function readFile(source: string, path: string, stats: Stats, attributesOf: AttributesOf): Promise<Entry> {
  const entry = await entryOf(source, path, stats, new Map());
  return hasAttributes(entry) ? { ...entry, attributes: attributesOf(bytesOf(source)) } : entry;
}

interface Opened {
  readonly file: FileHandle;
  /** Relative to the top; empty for that. */
  readonly path: string;
  /** Still to be read, the next one last. */
  readonly names: string[];
}

class Walk {
  readonly #top: string;
  readonly #opened: Opened[] = [];
  /** Device and inode of a file with several names → the first of them. */
  readonly #firstNames = new Map<string, string>();

  readonly #isOther: (stats: Stats, top: Stats) => boolean;

  constructor(top: string, isOther: (stats: Stats, top: Stats) => boolean) {
    this.#top = top;
    this.#isOther = isOther;
  }

  async *entries(attributesOf: AttributesOf): AsyncGenerator<Entry> {
    await this.#enter(this.#top, "", DIRECTORY);
    const root = sourceOf(this.#opened[0], ".");
    const stats = await lstat(bytesOf(root));
    yield { kind: "directory", path: "", metadata: metadataOf(stats), attributes: attributesOf(bytesOf(root)) };
    for (let here = this.#opened.at(-1); here; here = this.#opened.at(-1)) {
      const name = here.names.pop();
      if (name === undefined) await this.#opened.pop()?.file.close();
      else yield* this.#entry(here, name, stats, attributesOf);
    }
  }

  async close(): Promise<void> {
    for (const { file } of this.#opened) await file.close();
  }

  async *#entry(here: Opened, name: string, top: Stats, attributesOf: AttributesOf): AsyncGenerator<Entry> {
    const source = sourceOf(here, name);
    const path = relativePath(here.path === "" ? name : `${here.path}/${name}`);
    const entry = await ifThere(this.#naming(path, this.#found(source, path, top)));
    if (!entry) return;
    yield hasAttributes(entry) ? { ...entry, attributes: attributesOf(bytesOf(source)) } : entry;
    if (entry.kind === "directory") await ifThere(this.#enter(source, path, DIRECTORY | constants.O_NOFOLLOW));
  }

  async #found(source: string, path: string, top: Stats): Promise<Entry> {
    const stats = await lstat(bytesOf(source));
    return this.#isOther(stats, top) ? mountPoint(path, stats) : entryOf(source, path, stats, this.#firstNames);
  }

  async #enter(source: string, path: string, flags: number): Promise<void> {
    if (this.#opened.length >= DEPTH_MAX) throw new BadImage(`more than ${DEPTH_MAX} directories are in each other`);
    const file = await this.#naming(path, open(bytesOf(source), flags));
    const names: string[] = [];
    this.#opened.push({ file, path, names });
    const all = await this.#naming(path, readdir(`/proc/self/fd/${file.fd}`, { encoding: "latin1" }));
    for (const name of all.sort().reverse()) names.push(name);
  }

  /** An error names the file as its user knows it. */
  async #naming<T>(path: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Error && "path" in error)
        Object.assign(error, { path: bytesOf(path === "" ? this.#top : `${this.#top}/${path}`).toString() });
      throw error;
    }
  }
}

async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function sourceOf(here: Opened | undefined, name: string): string {
  return `/proc/self/fd/${here?.file.fd}/${name}`;
}

/** Those of other kinds mean nothing without the machine. */
function hasAttributes({ kind }: Entry): boolean {
  return kind === "directory" || kind === "file";
}

function mountPoint(path: string, stats: Stats): Entry {
  return { path, metadata: metadataOf(stats), attributes: [], kind: "mount point", directory: stats.isDirectory() };
}

async function entryOf(source: string, path: string, stats: Stats, firstNames: Map<string, string>): Promise<Entry> {
  const base = { path, metadata: metadataOf(stats), attributes: [] };
  if (stats.isDirectory()) return { ...base, kind: "directory" };
  if (stats.nlink > 1) {
    const target = firstNames.get(`${stats.dev}:${stats.ino}`);
    if (target !== undefined) return { ...base, kind: "hardlink", target };
    firstNames.set(`${stats.dev}:${stats.ino}`, path);
  }
  if (stats.isFile()) {
    const content = isSparse(stats) ? withHoles(contentOf(source, stats)) : contentOf(source, stats);
    return { ...base, kind: "file", size: stats.size, content };
  }
  if (stats.isSymbolicLink()) {
    return { ...base, kind: "symlink", target: await readlink(bytesOf(source), { encoding: "latin1" }) };
  }
  if (stats.isFIFO()) return { ...base, kind: "fifo" };
  if (stats.isSocket()) return { ...base, kind: "socket" };
  const type = stats.isBlockDevice() ? "block" : "character";
  return { ...base, kind: "device", node: { type, ...numbersOfDevice(stats.rdev) } };
}

/** O_NONBLOCK: what became a FIFO since the lstat must not hang the import. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const SMALL_BYTES = 64 * 1_024;

async function* contentOf(source: string, { size }: Stats): AsyncGenerator<Buffer> {
  const small = size <= SMALL_BYTES ? smallContent(source, size) : undefined;
  if (small && (size > 0 || small.length < SMALL_BYTES)) {
    if (small.length > 0) yield small;
    return;
  }
  const file = await open(bytesOf(source), READ);
  try {
    yield* file.createReadStream({ autoClose: false, highWaterMark: READ_BYTES });
  } finally {
    await file.close();
  }
}

/** At once: on another thread, each call for it waits for a turn. A file of the kernel may have more than its size of 0. */
function smallContent(source: string, size: number): Buffer {
  const fd = openSync(bytesOf(source), READ);
  try {
    const bytes = Buffer.allocUnsafe(size || SMALL_BYTES);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, null);
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

/** It takes less space on disk than its length. */
function isSparse({ size, blocks }: Stats): boolean {
  return blocks * 512 < size;
}

async function* withHoles(content: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
  for await (const piece of content)
    yield piece.equals(ZEROS.subarray(0, piece.length)) ? { hole: piece.length } : piece;
}

const READ_BYTES = 256 * 1_024;
const ZEROS = Buffer.alloc(READ_BYTES);

export function metadataOf(stats: Stats): Metadata {
  return { mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, mtime: stats.mtimeMs / 1_000 };
}
