import { linkSync, lstatSync } from "node:fs";
import { BadImage, type Entry, type Piece, shown, type Whiteout } from "../archive/entry.ts";
import type { Notes } from "../notes.ts";
import { setAttributes } from "./attributes.ts";
import { NameBudget } from "./name-budget.ts";
import { dropNeedlessMarks, makeDevice, markWhiteout, type OverlayLayer, setOpaque, unmark } from "./overlay.ts";
import { existingPlaceOf, makeDirectory, placeOf } from "./place.ts";
import { emptyOfLower, makeRoom, removeLower, withRoom } from "./remove.ts";
import { beginLayer, claim, type Extracted, newRoot, onDisk, type Root } from "./root.ts";
import { finish, makeFifo, makeSymlink, NewFile } from "./write.ts";

/** Far above any root file system, and low enough that a hostile archive is refused before the machine is exhausted. */
const ENTRIES_MAX = 4_000_000;
const CONTENT_BYTES_MAX = 64 * 1_024 ** 3;

export interface ExtractOptions {
  readonly notes: Notes;
  readonly signal: AbortSignal;
  readonly progress: (done: Readonly<Extracted>) => void;
  /** For tests. */
  readonly entriesMax?: number;
}

interface Extraction extends ExtractOptions {
  readonly root: Root;
  /** Places of devices and sockets: a hard link to one is left out too. */
  readonly leftOut: Map<string, "device" | "socket">;
  readonly leftOutNames: NameBudget;
  /** The entries are one layer, to be stacked on others; undefined: they are a whole root file system. */
  readonly overlay: OverlayLayer | undefined;
  entries: number;
}

/** The entries of an image: of one archive or directory, or of its layers, the lowest first. */
export type Layers = readonly AsyncIterable<Entry | Whiteout>[];

/**
 * Writes the entries below `rootfs`, the absolute path of an empty directory that only the caller can reach. No existing
 * file is opened, and no symlink followed out of `rootfs`, so nothing outside it changes. Throws BadImage for an entry that
 * can't be made, the errors of the system calls, and, between two writes, the signal's reason.
 */
export async function extractLayers(layers: Layers, rootfs: string, options: ExtractOptions): Promise<Extracted> {
  return extractInto(newRoot(rootfs), layers, undefined, options);
}

/** The same of one layer, with marks for what it removes of others. */
export async function extractLayer(
  entries: Layers[number],
  directory: string,
  overlay: OverlayLayer,
  options: ExtractOptions,
): Promise<Extracted> {
  return extractInto(newRoot(directory), [entries], overlay, options);
}

async function extractInto(
  root: Root,
  layers: Layers,
  overlay: OverlayLayer | undefined,
  options: ExtractOptions,
): Promise<Extracted> {
  const leftOutNames = new NameBudget("device nodes");
  const extraction: Extraction = { ...options, root, leftOut: new Map(), leftOutNames, overlay, entries: 0 };
  for (const entries of layers) {
    if (layers.length > 1) beginLayer(root);
    await extractEntries(extraction, entries);
  }
  if (overlay) dropNeedlessMarks(root, overlay);
  for (const [place, metadata] of [...root.directories].reverse()) finish(onDisk(root, place), metadata);
  return root.done;
}

async function extractEntries(extraction: Extraction, entries: AsyncIterable<Entry | Whiteout>): Promise<void> {
  const { root, signal, progress, entriesMax = ENTRIES_MAX } = extraction;
  for await (const entry of entries) {
    signal.throwIfAborted();
    extraction.entries += 1;
    if (extraction.entries > entriesMax)
      throw new BadImage(`it contains more than ${entriesMax.toLocaleString("en")} files`);
    if (!isWhiteout(entry)) await extract(extraction, entry);
    else if (extraction.overlay) markWhiteout(root, extraction.overlay, entry);
    else whiteOut(root, entry);
    progress(root.done);
  }
}

function isWhiteout(entry: Entry | Whiteout): entry is Whiteout {
  return entry.kind === "whiteout" || entry.kind === "opaque";
}

function whiteOut(root: Root, { kind, path }: Whiteout): void {
  const place = existingPlaceOf(root, path);
  if (place === undefined) return;
  if (kind === "whiteout") removeLower(root, place);
  else if (root.directories.has(place)) emptyOfLower(root, place);
}

async function extract(extraction: Extraction, entry: Entry): Promise<void> {
  const { root, notes } = extraction;
  const place = placeOf(root, entry.path);
  const { overlay } = extraction;
  const wasRemoved = overlay && unmark(root, overlay, place);
  switch (entry.kind) {
    case "directory":
      makeDirectory(root, place, entry.metadata);
      if (wasRemoved) setOpaque(root, overlay, place);
      break;
    case "mount point":
      notes.add("mount point", entry.path);
      if (entry.directory) makeDirectory(root, place, entry.metadata);
      return;
    case "device":
      return makeOrLeaveOut(extraction, entry, place);
    case "socket":
      return leaveOut(extraction, entry.kind, place);
    case "hardlink":
      return makeHardLink(extraction, entry, place);
    case "file":
      await makeFile(extraction, entry, place);
      break;
    case "symlink":
      makeNew(extraction, place, (path) => makeSymlink(path, entry.metadata, entry));
      break;
    case "fifo":
      makeNew(extraction, place, (path) => makeFifo(path, entry.metadata));
      break;
    default:
      entry satisfies never;
  }
  const { attributes } = entry;
  if (attributes.length > 0 && !(await setAttributes(onDisk(root, place), attributes)))
    notes.add("attribute", entry.path);
}

/** A whole root file system has none: a container gets its own /dev. A layer is what its image says. */
function makeOrLeaveOut(extraction: Extraction, entry: Entry & { kind: "device" }, place: string): void {
  const { root, overlay } = extraction;
  makeRoom(root, place);
  if (overlay && entry.node && makeDevice(root, overlay, place, entry.node, entry.metadata)) {
    extraction.leftOut.delete(place);
    root.done.files += 1;
  } else leaveOut(extraction, "device", place);
}

/** What an earlier entry made in its place goes, as it would if this were made. */
function leaveOut({ root, notes, leftOut, leftOutNames }: Extraction, kind: "device" | "socket", place: string): void {
  notes.add(kind, place);
  leftOutNames.take(place);
  leftOut.set(place, kind);
  makeRoom(root, place);
}

async function makeFile(
  extraction: Extraction,
  { metadata, content }: Entry & { kind: "file" },
  place: string,
): Promise<void> {
  const file = makeNew(extraction, place, (path) => new NewFile(path));
  extraction.root.done.executable ||= (metadata.mode & 0o111) !== 0;
  const write = (piece: Piece) => {
    if (!("hole" in piece)) count(extraction, piece.length);
    file.write(piece);
  };
  try {
    if ("length" in content) content.forEach(write);
    else for await (const piece of content) write(piece);
    file.finish(metadata);
  } finally {
    file.close();
  }
}

/** link(2) follows no symlink at the end of the target's path. */
function makeHardLink(extraction: Extraction, { path, target }: Entry & { kind: "hardlink" }, place: string): void {
  const { root, leftOut } = extraction;
  const to = existingPlaceOf(root, target);
  const kind = leftOut.get(to ?? target);
  if (kind !== undefined) {
    leaveOut(extraction, kind, place);
    return;
  }
  const exists =
    to !== undefined &&
    !extraction.overlay?.whiteouts.has(to) &&
    lstatSync(onDisk(root, to), { throwIfNoEntry: false }) !== undefined;
  // As with tar, a link to itself is there already.
  if (exists && to === place) return;
  if (!exists || root.directories.has(to))
    throw new BadImage(`the hard link ${shown(path)} is to ${shown(target)}, which is not a file of the image`);
  makeNew(extraction, place, (path) => linkSync(onDisk(root, to), path));
}

function makeNew<T>({ root, leftOut }: Extraction, place: string, make: (path: Buffer) => T): T {
  const path = onDisk(root, place);
  const made = withRoom(root, place, () => make(path));
  leftOut.delete(place);
  claim(root, place);
  root.done.files += 1;
  return made;
}

function count({ root, signal }: Extraction, length: number): void {
  signal.throwIfAborted();
  root.done.bytes += length;
  if (root.done.bytes > CONTENT_BYTES_MAX)
    throw new BadImage(`it is bigger than ${CONTENT_BYTES_MAX / 1_024 ** 3} GiB`);
}
