import { lstatSync, mkdirSync, readlinkSync, rmdirSync, unlinkSync } from "node:fs";
import { dirname } from "node:path/posix";
import { BadImage, bytesOf, type Metadata, shown } from "../archive/entry.ts";

/** The root file system that is being written, in a directory that no one else can reach. */
export interface Root {
  /** Its absolute path, as byte string. */
  readonly top: string;
  /** Every directory made so far; its metadata is set at the end, after its entries are written. */
  readonly directories: Map<string, Metadata>;
  /** How many names are kept in memory, and their length. */
  names: number;
  nameBytes: number;
}

/** Far above any root file system, and low enough that a hostile archive is refused before memory is exhausted. */
const NAMES_MAX = 1_000_000;
const NAME_BYTES_MAX = 32 * 1_024 ** 2;
/** As Linux allows on the way to one file. */
const LINKS_MAX = 40;

export function newRoot(directory: string): Root {
  const top = Buffer.from(directory).toString("latin1");
  return { top, directories: new Map([["", implied()]]), names: 0, nameBytes: 0 };
}

export function onDisk(root: Root, path: string): Buffer {
  return bytesOf(path === "" ? root.top : `${root.top}/${path}`);
}

export function existsOnDisk(root: Root, place: string): boolean {
  return lstatSync(onDisk(root, place), { throwIfNoEntry: false }) !== undefined;
}

/**
 * Where a file of that path is or goes: the same name in the directory that its parent leads to, which is made where it is
 * missing. Symlinks are followed as in a container: none leads out of the root. Throws BadImage where one, or a file, is in
 * the way.
 */
export function placeOf(root: Root, path: string): string {
  const parent = parentOf(path);
  if (root.directories.has(parent)) return path;
  const real = directoryAt(root, "", parent, { links: LINKS_MAX, make: true });
  if (real === undefined)
    throw new BadImage(`${shown(parent)} is used as a directory, but an earlier entry makes it something else`);
  return joined(real, path.slice(parent.length + 1));
}

/** The place of a path whose parent exists; undefined if it doesn't. */
export function existingPlaceOf(root: Root, path: string): string | undefined {
  const parent = parentOf(path);
  const real = directoryAt(root, "", parent, { links: LINKS_MAX, make: false });
  return real === undefined ? undefined : joined(real, path.slice(parent === "" ? 0 : parent.length + 1));
}

/** Makes a directory in its place; as with tar, one that is there stays, and anything else is replaced. */
export function makeDirectory(root: Root, place: string, metadata: Metadata): void {
  if (!root.directories.has(place)) {
    remove(root, place);
    mkdirSync(onDisk(root, place), 0o700);
  }
  remember(root, place, metadata);
}

/** Removes what an earlier entry made in that place: a file is unlinked, so its other hard links stay. */
export function remove(root: Root, place: string): void {
  if (root.directories.has(place)) removeDirectory(root, place);
  else if (existsOnDisk(root, place)) unlinkSync(onDisk(root, place));
}

function removeDirectory(root: Root, place: string): void {
  try {
    rmdirSync(onDisk(root, place));
    root.directories.delete(place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
    throw new BadImage(`${shown(place)} is a directory, and a later entry makes it something else`);
  }
}

interface Walk {
  /** How many symlinks it may still follow. */
  links: number;
  /** Whether missing directories are made; never behind a symlink. */
  readonly make: boolean;
}

/** Where `path`, which may contain "..", leads from the directory `from`; undefined if that isn't a directory. */
function directoryAt(root: Root, from: string, path: string, walk: Walk): string | undefined {
  let at = path.startsWith("/") ? "" : from;
  for (const name of path.split("/")) {
    if (name === "" || name === ".") continue;
    const next = name === ".." ? parentOf(at) : enter(root, at, name, walk);
    if (next === undefined) return undefined;
    at = next;
  }
  return at;
}

function enter(root: Root, directory: string, name: string, walk: Walk): string | undefined {
  const place = joined(directory, name);
  if (root.directories.has(place)) return place;
  const stats = lstatSync(onDisk(root, place), { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) return follow(root, directory, place, walk);
  if (stats || !walk.make) return undefined;
  makeDirectory(root, place, implied());
  return place;
}

function follow(root: Root, directory: string, link: string, walk: Walk): string | undefined {
  if (walk.links === 0) return undefined;
  walk.links -= 1;
  const inside = { links: walk.links, make: false };
  const found = directoryAt(root, directory, readlinkSync(onDisk(root, link), { encoding: "latin1" }), inside);
  walk.links = inside.links;
  return found;
}

function remember(root: Root, place: string, metadata: Metadata): void {
  if (!root.directories.has(place)) keepName(root, place);
  root.directories.set(place, metadata);
}

/** Counts a name that stays in memory. Throws BadImage when these become too many. */
export function keepName(root: Root, place: string): void {
  root.names += 1;
  root.nameBytes += place.length;
  if (root.names > NAMES_MAX || root.nameBytes > NAME_BYTES_MAX)
    throw new BadImage("it contains more directories than any root file system");
}

/** Of a directory that the archive does not list. */
function implied(): Metadata {
  return { mode: 0o755, uid: 0, gid: 0, mtime: Date.now() / 1_000 };
}

function joined(directory: string, name: string): string {
  return directory === "" ? name : `${directory}/${name}`;
}

function parentOf(path: string): string {
  return path.includes("/") ? dirname(path) : "";
}
