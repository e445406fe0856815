import { constants, lstatSync, unlinkSync } from "node:fs";
import { errnoText } from "../../host/errno.ts";
import type { Shim } from "../../host/shim.ts";
import { BadImage, type DeviceNode, type Metadata, shown, type Whiteout } from "../archive/entry.ts";
import { NameBudget } from "./name-budget.ts";
import { makeDirectory, placeOf } from "./place.ts";
import { impliedMetadata, onDisk, type Root } from "./root.ts";
import { finish } from "./write.ts";

/**
 * A layer written as overlayfs has it, to be stacked on others: what it removes is marked, as
 * Documentation/filesystems/overlayfs.rst of the kernel says.
 */
export interface OverlayLayer {
  readonly shim: Shim;
  /** overlayfs keeps its marks in trusted.* attributes, which only the machine's root can set, else in user.*. */
  readonly privileged: boolean;
  /** Places where a mark hides what lower layers have. */
  readonly whiteouts: Set<string>;
  readonly names: NameBudget;
  /** Directories in which nothing of the layers below can be seen; the empty one is the root. */
  readonly opaques: Set<string>;
}

export function overlayLayer(shim: Shim, privileged: boolean): OverlayLayer {
  return { shim, privileged, whiteouts: new Set(), names: new NameBudget("whiteouts"), opaques: new Set() };
}

/** What a layer itself has in the place stays, whichever of the two comes first. */
export function markWhiteout(root: Root, layer: OverlayLayer, { kind, path }: Whiteout): void {
  if (kind === "opaque" && path === "") {
    layer.opaques.add("");
    return;
  }
  const place = placeOf(root, path);
  if (kind === "opaque") markOpaque(root, layer, place);
  else if (root.directories.has(place)) setOpaque(root, layer, place);
  else if (!isThere(root, place)) {
    make(root, layer, place, constants.S_IFCHR, { major: 0, minor: 0 });
    layer.names.take(place);
    layer.whiteouts.add(place);
  }
}

function isThere(root: Root, place: string): boolean {
  return lstatSync(onDisk(root, place), { throwIfNoEntry: false }) !== undefined;
}

function markOpaque(root: Root, layer: OverlayLayer, place: string): void {
  if (!root.directories.has(place) && isThere(root, place) && !layer.whiteouts.has(place))
    throw new BadImage(`${shown(place)} is a file, and an entry marks it as a directory`);
  unmark(root, layer, place);
  if (!root.directories.has(place)) makeDirectory(root, place, impliedMetadata());
  setOpaque(root, layer, place);
}

/** The place is made by the layer itself after all. Returns whether it was marked: a directory must stay so. */
export function unmark(root: Root, layer: OverlayLayer, place: string): boolean {
  if (!layer.whiteouts.delete(place)) return false;
  // makeRoom counts it as a file.
  root.done.files += 1;
  return true;
}

export function setOpaque(root: Root, { shim, privileged, opaques }: OverlayLayer, place: string): void {
  const name = privileged ? "trusted.overlay.opaque" : "user.overlay.opaque";
  const path = terminated(onDisk(root, place));
  check("mark a directory as opaque", place, shim.setAttribute(path, Buffer.from(`${name}\0`), Buffer.from("y")));
  opaques.add(place);
}

/** Below an opaque directory a mark hides nothing, and overlayfs would list it as a file that can't be looked at. */
export function dropNeedlessMarks(root: Root, { whiteouts, opaques }: OverlayLayer): void {
  if (opaques.size === 0) return;
  for (const place of whiteouts) {
    const isBelowOpaque = place.split("/").some((_, depth, names) => opaques.has(names.slice(0, depth).join("/")));
    if (isBelowOpaque) unlinkSync(onDisk(root, place));
  }
}

/** Returns false where this user can't make one, or where overlayfs would take it for a whiteout. */
export function makeDevice(
  root: Root,
  layer: OverlayLayer,
  place: string,
  { type, major, minor }: DeviceNode,
  metadata: Metadata,
): boolean {
  const isWhiteout = type === "character" && major === 0 && minor === 0;
  if (!layer.privileged || isWhiteout || !isNumber(major) || !isNumber(minor)) return false;
  make(root, layer, place, type === "character" ? constants.S_IFCHR : constants.S_IFBLK, { major, minor });
  finish(onDisk(root, place), metadata);
  return true;
}

function isNumber(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 20;
}

function make(
  root: Root,
  { shim }: OverlayLayer,
  place: string,
  type: number,
  device: { major: number; minor: number },
) {
  const result = shim.makeNode(terminated(onDisk(root, place)), type | 0o600, device.major, device.minor);
  check("make a device node", place, result);
}

function check(what: string, place: string, result: number): void {
  if (result >= 0) return;
  const error = new Error(`can't ${what}: ${errnoText(-result)}`);
  throw Object.assign(error, { errno: result, syscall: "mknod", path: shown(place) });
}

function terminated(path: Buffer): Buffer {
  return Buffer.concat([path, Buffer.alloc(1)]);
}
