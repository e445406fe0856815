import { lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { BadImage, shown } from "../archive/entry.ts";
import { isOfThisLayer, joined, onDisk, type Root } from "./root.ts";

/**
 * Makes room in a place: a file is unlinked, so its other hard links stay; a directory goes if it is empty, or with all
 * that lower layers have in it. Throws BadImage when something is left.
 */
export function makeRoom(root: Root, place: string): void {
  if (!root.directories.has(place)) {
    unlinkIfThere(root, place);
    return;
  }
  if (root.layer) for (const name of namesIn(root, place)) removeLower(root, joined(place, name));
  try {
    removeDirectory(root, place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
    throw new BadImage(`${shown(place)} is a directory, and a later entry makes it something else`);
  }
}

/** `make` fails where there is something, and is called again when that is gone: to look first takes longer. */
export function withRoom<T>(root: Root, place: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    makeRoom(root, place);
    return make();
  }
}

/** Removes what lower layers have in a place and below it; what this layer made stays. Returns whether anything does. */
export function removeLower(root: Root, place: string): boolean {
  const isOwn = isOfThisLayer(root, place);
  if (!root.directories.has(place)) {
    if (!isOwn) unlinkIfThere(root, place);
    return isOwn;
  }
  const kept = emptyOfLower(root, place) || isOwn;
  if (!kept) removeDirectory(root, place);
  return kept;
}

/** The same for what is in a directory. */
export function emptyOfLower(root: Root, directory: string): boolean {
  const kept = namesIn(root, directory).map((name) => removeLower(root, joined(directory, name)));
  return kept.includes(true);
}

function namesIn(root: Root, place: string): string[] {
  return readdirSync(onDisk(root, place), { encoding: "latin1" });
}

function removeDirectory(root: Root, place: string): void {
  rmdirSync(onDisk(root, place));
  root.directories.delete(place);
}

function unlinkIfThere(root: Root, place: string): void {
  const { done } = root;
  const path = onDisk(root, place);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  unlinkSync(path);
  done.files -= 1;
  if (stats.isFile() && stats.nlink === 1) done.bytes -= Math.min(stats.size, done.bytes);
}
