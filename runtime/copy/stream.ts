import { closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { ownedInside } from "../container/files/owners.ts";
import { Failure } from "../failure.ts";
import { readAttributes } from "../host/attributes.ts";
import { makeDirectory } from "../host/make-directory.ts";
import { untilAborted } from "../host/or-abort.ts";
import type { Shim } from "../host/shim.ts";
import { decompress } from "../image/archive/compression/decompress.ts";
import { BadImage, type Entry } from "../image/archive/entry.ts";
import { archiveEnd } from "../image/archive/tar/header-block.ts";
import { readTar } from "../image/archive/tar/tar.ts";
import { writeMembers } from "../image/archive/tar/write.ts";
import { readFile, readTree } from "../image/archive/tree.ts";
import { clearUnderWay } from "../image/content/clear.ts";
import { layersDirectory } from "../image/content/places.ts";
import { underWayPrefix } from "../image/content/under-way.ts";
import { isPortable } from "../image/extract/attributes.ts";
import { extractLayers } from "../image/extract/extract.ts";
import { removeTree } from "../image/leftovers.ts";
import { Notes } from "../image/notes.ts";
import type { Namespaces } from "../spec/namespaces.ts";
import { type Copied, type CopyOptions, copyContent, pathOf } from "./copy.ts";
import { type End, isContent, opening, placeOf } from "./ends.ts";

/**
 * What a path of a container leads to, as a tar archive whose names begin with the path's last one. `linux`: the container's.
 * Throws Failure.
 */
export async function* archiveOf(
  shim: Shim,
  source: End,
  linux: Namespaces,
  follow: boolean,
): AsyncGenerator<Uint8Array> {
  const { open, closeAll } = opening();
  try {
    const { place, name } = isContent(source.path)
      ? { place: { directory: open(source, source.path), name: "." }, name: "" }
      : placeOf(source, follow, open);
    yield* writeMembers(inside(linux, entriesOf(shim, pathOf(place), name)));
    yield archiveEnd();
  } finally {
    closeAll();
  }
}

async function* inside(linux: Namespaces, entries: AsyncIterable<Entry>): AsyncGenerator<Entry> {
  for await (const entry of entries) yield { ...entry, metadata: ownedInside(entry.metadata, linux) };
}

async function* entriesOf(shim: Shim, path: Buffer, name: string): AsyncGenerator<Entry> {
  const attributes = (file: Buffer) => readAttributes(shim, file).filter(isPortable);
  const stats = lstatSync(path);
  if (!stats.isDirectory()) {
    yield await readFile(path.toString("latin1"), name, stats, attributes);
    return;
  }
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    for await (const entry of readTree(`/proc/self/fd/${fd}`, attributes)) yield below(name, entry);
  } finally {
    closeSync(fd);
  }
}

function below(name: string, entry: Entry): Entry {
  const under = (path: string) => [name, path].filter((part) => part !== "").join("/");
  if (entry.kind === "hardlink") return { ...entry, path: under(entry.path), target: under(entry.target) };
  return { ...entry, path: under(entry.path) };
}

interface Extraction extends CopyOptions {
  /** stateRoot(): what the archive has is written there first, where nobody can put a link in its way. */
  readonly root: string;
  /** Plain or compressed. */
  readonly archive: AsyncIterable<Uint8Array>;
}

/** Writes what an archive has into a directory. Throws Failure. */
export async function extractInto(target: End, { root, archive, ...options }: Extraction): Promise<Copied> {
  const { signal } = options;
  const { open, closeAll } = opening();
  makeDirectory(layersDirectory(root));
  await clearUnderWay(root);
  const place = await mkdtemp(join(layersDirectory(root), underWayPrefix()));
  try {
    const directory = open(target, target.path);
    if (!fstatSync(directory).isDirectory())
      throw new Failure(`${target.path} of ${target.side.name} is no directory`, { code: "usage" });
    const files = join(place, "files");
    await mkdir(files);
    const notes = new Notes();
    await extractLayers([readTar(decompress(untilAborted(archive, signal)), { notes })], files, {
      notes,
      signal,
      progress: () => {},
    });
    signal.throwIfAborted();
    const copied = await copyOf(files, directory, options);
    return { ...copied, leftOut: (notes.get("device")?.count ?? 0) + (notes.get("socket")?.count ?? 0) };
  } catch (error) {
    if (!(error instanceof BadImage)) throw error;
    throw new Failure(`can't read the archive: ${error.message}`, { code: "image-invalid", cause: error });
  } finally {
    closeAll();
    await removeTree(place);
  }
}

async function copyOf(files: string, directory: number, options: CopyOptions): Promise<Copied> {
  const source = openSync(files, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await copyContent(source, directory, options);
  } finally {
    closeSync(source);
  }
}
