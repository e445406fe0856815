import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Shim } from "../host/shim.ts";
import { extractLayers } from "../image/extract/extract.ts";
import { Notes } from "../image/notes.ts";
import type { OwnVolume } from "../resources/volume.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { clearLeftovers } from "./leftovers.ts";
import { mergedTree } from "./merged.ts";
import { dataOf, hasCode, makeUnderWay, makeVolume, readVolume, volumesIn } from "./store.ts";

/**
 * Makes the volumes of a container that do not exist yet. Into one that is empty goes what the image has there, with its
 * owners and modes, as with docker; not of the image `host`, which is this machine.
 */
export async function readyVolumes(shim: Shim, root: string, spec: ContainerSpec): Promise<void> {
  const used = volumesIn(spec, root);
  for (const { name, mount } of used) {
    if (!readVolume(root, name)) make(root, name);
    const { layers } = spec.root;
    if (layers.includes("/") || mount.nocopy || !isEmpty(dataOf(root, name))) continue;
    await copy(shim, { layers, path: mount.destination, root, name });
  }
  if (used.length > 0) await clearLeftovers(shim, root);
}

const ANONYMOUS = /^[0-9a-f]{64}$/;

function make(root: string, name: string): void {
  makeVolume(root, { version: 1, name, created: Date.now(), labels: {}, anonymous: ANONYMOUS.test(name) });
}

/** Those that only this container has, and that end with it where it is removed at its exit. */
export function ownVolumes(root: string, spec: ContainerSpec): OwnVolume[] {
  const names = volumesIn(spec, root).map(({ name }) => name);
  return names.filter((name) => ANONYMOUS.test(name)).map((name) => ({ kind: "volume", name }));
}

function isEmpty(directory: string): boolean {
  return readdirSync(directory).length === 0;
}

interface Copy {
  readonly layers: readonly string[];
  readonly path: string;
  readonly root: string;
  readonly name: string;
}

/** Beside the volume first, so that it has all of it or nothing when this process is killed. */
async function copy(shim: Shim, { layers, path, root, name }: Copy): Promise<void> {
  const trees = mergedTree(shim, layers, path);
  if (trees.length === 0) return;
  const data = join(makeUnderWay(root), "_data");
  mkdirSync(data, { mode: 0o755 });
  await extractLayers(trees, data, {
    notes: new Notes(),
    signal: new AbortController().signal,
    progress: () => {},
  });
  replaceEmpty(data, dataOf(root, name));
}

/** rename(2) replaces a directory that is empty; another container may have filled it by now. */
function replaceEmpty(filled: string, empty: string): void {
  try {
    renameSync(filled, empty);
  } catch (error) {
    if (!hasCode(error, "ENOTEMPTY") && !hasCode(error, "EEXIST")) throw error;
  }
}
