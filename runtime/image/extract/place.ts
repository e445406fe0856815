import { lstatSync, mkdirSync, readlinkSync } from "node:fs";
import { BadImage, type Metadata, shown } from "../archive/entry.ts";
import { withRoom } from "./remove.ts";
import { claim, impliedMetadata, isOfThisLayer, joined, onDisk, type Root } from "./root.ts";

/** As Linux allows on the way to one file. */
const LINKS_MAX = 40;

/**
 * Where a file of that path goes: the same name in the directory that its parent leads to, which is made where it is
 * missing. Symlinks are followed as in a container: none leads out of the root. Throws BadImage where one, or a file, is in
 * the way.
 */
export function placeOf(root: Root, path: string): string {
  const parent = parentOf(path);
  const directory = directoryAt(root, "", parent, { links: LINKS_MAX, make: true });
  if (directory !== undefined) return joined(directory, nameOf(path));
  throw new BadImage(`${shown(parent)} is used as a directory, but an earlier entry makes it something else`);
}

/** Where a file of that path is, if its parent exists. */
export function existingPlaceOf(root: Root, path: string): string | undefined {
  const directory = directoryAt(root, "", parentOf(path), { links: LINKS_MAX, make: false });
  return directory === undefined ? undefined : joined(directory, nameOf(path));
}

/** As with tar, a directory that is there stays, and anything else is replaced. */
export function makeDirectory(root: Root, place: string, metadata: Metadata): void {
  if (!root.directories.has(place)) {
    withRoom(root, place, () => mkdirSync(onDisk(root, place), 0o700));
    root.directoryNames.take(place);
  }
  root.directories.set(place, metadata);
  claim(root, place);
}

interface Walk {
  /** How many symlinks it may still follow. */
  links: number;
  /** Whether missing directories are made; never behind a symlink. */
  readonly make: boolean;
}

/** Where `path`, which may contain "..", leads from the directory `from`; undefined if that isn't a directory. */
function directoryAt(root: Root, from: string, path: string, walk: Walk): string | undefined {
  if (from === "" && root.directories.has(path)) return path;
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
  if (!walk.make || (stats && isOfThisLayer(root, place))) return undefined;
  makeDirectory(root, place, impliedMetadata());
  return place;
}

function follow(root: Root, directory: string, link: string, walk: Walk): string | undefined {
  if (walk.links === 0) return undefined;
  const behind = { links: walk.links - 1, make: false };
  const found = directoryAt(root, directory, readlinkSync(onDisk(root, link), { encoding: "latin1" }), behind);
  walk.links = behind.links;
  return found;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
