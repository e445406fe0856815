import { linkSync } from "node:fs";
import { BadImage, type Entry, shown } from "../archive/entry.ts";
import type { Notes } from "../notes.ts";
import {
  existingPlaceOf,
  existsOnDisk,
  keepName,
  makeDirectory,
  newRoot,
  onDisk,
  placeOf,
  type Root,
  remove,
} from "./root.ts";
import { finish, makeFifo, makeSymlink, writeFile } from "./write.ts";

/** Far above any root file system, and low enough that a hostile archive is refused before the machine is exhausted. */
export const ENTRIES_MAX = 4_000_000;
export const CONTENT_BYTES_MAX = 64 * 1_024 ** 3;

/** What is on disk so far. */
export interface Extracted {
  /** Everything but directories. */
  files: number;
  /** Of the files' contents without holes; a hard link counts once. */
  bytes: number;
  /** Whether any file may be executed: a container needs one. */
  executable: boolean;
}

interface Extraction {
  readonly root: Root;
  readonly done: Extracted;
  readonly notes: Notes;
  readonly signal: AbortSignal;
  /** Places of devices and sockets: a hard link to one is left out too. */
  readonly leftOut: Map<string, "device" | "socket">;
}

/**
 * Writes the entries below `rootfs`, the absolute path of an empty directory that only the caller can reach. No existing
 * file is opened, and no symlink followed out of `rootfs`, so nothing outside it changes. Throws BadImage for an entry that
 * can't be made, the errors of the system calls, and, between two writes, the signal's reason.
 */
export async function extractEntries(
  entries: AsyncIterable<Entry>,
  rootfs: string,
  { notes, signal, progress }: { notes: Notes; signal: AbortSignal; progress: (done: Readonly<Extracted>) => void },
): Promise<Extracted> {
  const done: Extracted = { files: 0, bytes: 0, executable: false };
  const extraction: Extraction = { root: newRoot(rootfs), done, notes, signal, leftOut: new Map() };
  let count = 0;
  for await (const entry of entries) {
    signal.throwIfAborted();
    count += 1;
    if (count > ENTRIES_MAX) throw new BadImage(`it contains more than ${ENTRIES_MAX.toLocaleString("en")} files`);
    await extract(extraction, entry);
    progress(done);
  }
  const { root } = extraction;
  for (const [place, metadata] of [...root.directories].reverse()) finish(onDisk(root, place), metadata);
  return done;
}

async function extract(extraction: Extraction, entry: Entry): Promise<void> {
  const { root, notes } = extraction;
  if (entry.path === "" && entry.kind !== "directory")
    throw new BadImage(`its root is a ${entry.kind}, not a directory`);
  if (entry.attributes.length > 0) notes.add("attribute", entry.path);
  const place = placeOf(root, entry.path);
  switch (entry.kind) {
    case "directory":
      return makeDirectory(root, place, entry.metadata);
    case "mount point":
      notes.add("mount point", entry.path);
      if (entry.directory) makeDirectory(root, place, entry.metadata);
      return;
    case "device":
    case "socket":
      return leaveOut(extraction, entry.kind, place);
    default:
      return makeFile(extraction, entry, place);
  }
}

/** What an earlier entry made in its place goes, as it would if this were made. */
function leaveOut({ root, notes, leftOut }: Extraction, kind: "device" | "socket", place: string): void {
  notes.add(kind, place);
  keepName(root, place);
  leftOut.set(place, kind);
  remove(root, place);
}

type FileEntry = Extract<Entry, { kind: "file" | "symlink" | "hardlink" | "fifo" }>;

async function makeFile(extraction: Extraction, entry: FileEntry, place: string): Promise<void> {
  const { root, done, leftOut } = extraction;
  const path = onDisk(root, place);
  if (entry.kind === "hardlink") return makeLink(extraction, entry, place);
  remove(root, place);
  leftOut.delete(place);
  done.files += 1;
  switch (entry.kind) {
    case "file":
      done.executable ||= (entry.metadata.mode & 0o111) !== 0;
      return writeFile(path, entry.metadata, entry.content, (length) => count(extraction, length));
    case "symlink":
      return makeSymlink(path, entry.metadata, entry.target);
    case "fifo":
      return makeFifo(path, entry.metadata);
    default:
      entry satisfies never;
  }
}

function makeLink(extraction: Extraction, { path, target }: Entry & { kind: "hardlink" }, place: string): void {
  const { root, done, leftOut } = extraction;
  const to = existingPlaceOf(root, target);
  const kind = leftOut.get(to ?? target);
  if (kind !== undefined) {
    leaveOut(extraction, kind, place);
    return;
  }
  // As with tar, a link to itself is there already.
  if (to === place && existsOnDisk(root, place)) return;
  if (to === undefined || root.directories.has(to) || !existsOnDisk(root, to))
    throw new BadImage(`the hard link ${shown(path)} is to ${shown(target)}, which is not a file of the image`);
  remove(root, place);
  leftOut.delete(place);
  done.files += 1;
  linkSync(onDisk(root, to), onDisk(root, place));
}

function count({ done, signal }: Extraction, length: number): void {
  signal.throwIfAborted();
  done.bytes += length;
  if (done.bytes > CONTENT_BYTES_MAX) throw new BadImage(`it is bigger than ${CONTENT_BYTES_MAX / 1_024 ** 3} GiB`);
}
