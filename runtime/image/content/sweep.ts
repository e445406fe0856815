import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";
import { makeDirectory } from "../../host/make-directory.ts";
import { removeTree } from "../leftovers.ts";
import { type InUse, inUse } from "./in-use.ts";
import { blobPath, layersDirectory } from "./places.ts";
import { readLayerRecord } from "./stack.ts";
import { isLeft, underWayPrefix } from "./under-way.ts";

export interface Removed {
  layers: number;
  /** Of archives and of the files unpacked from them. */
  bytes: number;
}

let count = 0;

/**
 * Removes what nothing uses: all of it, or of what `only` names. It is put aside first and looked up again, so that a pull
 * which begins to use it meanwhile either finds it there or gets it back.
 */
export async function sweepContent(root: string, only?: InUse): Promise<Removed> {
  await finishKilled(root);
  const used = inUse(root);
  const aside = newAside(root);
  for (const layer of only?.layers ?? namesIn(layersDirectory(root)))
    if (!used.layers.has(layer)) putAside(join(layersDirectory(root), layer), join(aside, layer));
  for (const digest of only?.blobs ?? storedBlobs(root))
    if (!used.blobs.has(digest)) putAside(blobPath(root, digest), join(aside, `${BLOB}${digest.replace(":", "-")}`));
  return emptyAside(root, aside);
}

function asideDirectory(root: string): string {
  return join(resolve(root), "removed");
}

/** Names the process that made it, so that another can see whether that still runs. */
function newAside(root: string): string {
  makeDirectory(asideDirectory(root));
  count += 1;
  const path = join(asideDirectory(root), `${underWayPrefix().slice(1)}${count}`);
  mkdirSync(path, { mode: 0o700 });
  return path;
}

async function finishKilled(root: string): Promise<void> {
  for (const name of namesIn(asideDirectory(root)).filter(isLeft))
    await emptyAside(root, join(asideDirectory(root), name));
}

async function emptyAside(root: string, aside: string): Promise<Removed> {
  const used = inUse(root);
  const removed: Removed = { layers: 0, bytes: 0 };
  for (const name of namesIn(aside).filter((one) => !one.endsWith(GONE))) {
    const path = join(aside, name);
    const digest = name.startsWith(BLOB) ? name.slice(BLOB.length).replace("-", ":") : undefined;
    if (digest === undefined ? used.layers.has(name) : used.blobs.has(digest))
      giveBack(path, digest === undefined ? join(layersDirectory(root), name) : blobPath(root, digest));
    else {
      account(removed, path, digest);
      renameSync(path, `${path}${GONE}`);
    }
  }
  await removeTree(aside);
  return removed;
}

const BLOB = "blob-";
/** Half of it may be removed: it is not given back. */
const GONE = ".gone";

function putAside(path: string, to: string): void {
  try {
    renameSync(path, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Whoever missed it may have made it again. */
function giveBack(path: string, to: string): void {
  if (!existsSync(to)) renameSync(path, to);
}

function account(removed: Removed, path: string, digest: string | undefined): void {
  if (digest !== undefined) removed.bytes += lstatSync(path).size;
  else {
    removed.layers += 1;
    removed.bytes += readLayerRecord(path)?.bytes ?? 0;
  }
}

function storedBlobs(root: string): string[] {
  return ["sha256", "sha512"].flatMap((algorithm) =>
    namesIn(join(resolve(root), "blobs", algorithm)).map((hex) => `${algorithm}:${hex}`),
  );
}

/** Without what is under way. */
function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => !name.startsWith(".")) : [];
}
