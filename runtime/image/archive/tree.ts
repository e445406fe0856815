import { constants, type Stats } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import type { Attribute } from "../../host/attributes.ts";
import { numbersOfDevice } from "../../spec/security/device.ts";
import { bytesOf, type Entry, type Metadata, type Piece } from "./entry.ts";
import { relativePath } from "./entry-path.ts";

/**
 * The files below `directory` (absolute), each directory before its entries, names in byte order. What another file system
 * is mounted over is a "mount point". `attributesOf` reads a file's extended attributes. Errors are those of the system calls.
 */
export async function* readTree(directory: string, attributesOf: AttributesOf): AsyncGenerator<Entry> {
  const top = Buffer.from(directory).toString("latin1");
  const { dev } = await lstat(bytesOf(top));
  const firstNames = new Map<string, string>();
  const waiting = [""];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const source = `${top}/${path}`;
    const stats = await lstat(bytesOf(source));
    const entry = stats.dev === dev ? await entryOf(source, path, stats, firstNames) : mountPoint(path, stats);
    yield hasAttributes(entry) ? { ...entry, attributes: attributesOf(bytesOf(source)) } : entry;
    if (entry.kind !== "directory") continue;
    const names = (await readdir(bytesOf(source), { encoding: "latin1" })).sort().reverse();
    for (const name of names) waiting.push(relativePath(path === "" ? name : `${path}/${name}`));
  }
}

type AttributesOf = (path: Buffer) => readonly Attribute[];

/** Those of other kinds mean nothing without the machine. */
function hasAttributes({ kind }: Entry): boolean {
  return kind === "directory" || kind === "file";
}

function mountPoint(path: string, stats: Stats): Entry {
  return { path, metadata: metadataOf(stats), attributes: [], kind: "mount point", directory: stats.isDirectory() };
}

/** `firstNames`: device and inode of a file with several names → the first of them. */
async function entryOf(source: string, path: string, stats: Stats, firstNames: Map<string, string>): Promise<Entry> {
  const base = { path, metadata: metadataOf(stats), attributes: [] };
  if (stats.isDirectory()) return { ...base, kind: "directory" };
  if (stats.nlink > 1) {
    const target = firstNames.get(`${stats.dev}:${stats.ino}`);
    if (target !== undefined) return { ...base, kind: "hardlink", target };
    firstNames.set(`${stats.dev}:${stats.ino}`, path);
  }
  if (stats.isFile())
    return { ...base, kind: "file", content: isSparse(stats) ? withHoles(contentOf(source)) : contentOf(source) };
  if (stats.isSymbolicLink()) {
    return { ...base, kind: "symlink", target: await readlink(bytesOf(source), { encoding: "latin1" }) };
  }
  if (stats.isFIFO()) return { ...base, kind: "fifo" };
  if (stats.isSocket()) return { ...base, kind: "socket" };
  const type = stats.isBlockDevice() ? "block" : "character";
  return { ...base, kind: "device", node: { type, ...numbersOfDevice(stats.rdev) } };
}

async function* contentOf(source: string): AsyncGenerator<Buffer> {
  // O_NONBLOCK: what became a FIFO since the lstat must not hang the import.
  const file = await open(bytesOf(source), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    yield* file.createReadStream({ autoClose: false, highWaterMark: READ_BYTES });
  } finally {
    await file.close();
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

function metadataOf(stats: Stats): Metadata {
  return { mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, mtime: stats.mtimeMs / 1_000 };
}
