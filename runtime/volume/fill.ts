import { lstatSync, mkdirSync, realpathSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Shim } from "../host/shim.ts";
import { extractLayers, type Layers } from "../image/extract/extract.ts";
import { Notes } from "../image/notes.ts";
import { mergedTree } from "./merged.ts";
import { dataOf, hasCode, makeUnderWay } from "./store.ts";

interface Filling {
  readonly layers: readonly string[];
  readonly path: string;
  readonly root: string;
  readonly name: string;
}

/**
 * Copies what the layers have at the path. Beside the volume first, so that it has all of it or nothing when this process is
 * killed; but at once into a directory of this machine's, which may be on another disk.
 */
export async function fillVolume(shim: Shim, { layers, path, root, name }: Filling): Promise<void> {
  const trees = mergedTree(shim, layers, path);
  if (trees.length === 0) return;
  if (isLink(dataOf(root, name))) return extract(trees, realpathSync(dataOf(root, name)));
  const made = makeUnderWay(root);
  const data = join(made, "_data");
  try {
    mkdirSync(data, { mode: 0o755 });
    await extract(trees, data);
    replaceEmpty(data, dataOf(root, name));
  } finally {
    // What a full disk has no room for would keep it full.
    await shim.remove(made);
  }
}

function isLink(path: string): boolean {
  return lstatSync(path).isSymbolicLink();
}

async function extract(trees: Layers, directory: string): Promise<void> {
  await extractLayers(trees, directory, {
    notes: new Notes(),
    signal: new AbortController().signal,
    progress: () => {},
  });
}

/** rename(2) replaces a directory that is empty; another container may have filled it by now. */
function replaceEmpty(filled: string, empty: string): void {
  try {
    renameSync(filled, empty);
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY") && !hasCode(error, "EEXIST")) throw error;
  }
}
