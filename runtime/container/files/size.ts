import { closeSync, constants, lstatSync, openSync, readdirSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { bytesOf } from "../../image/archive/entry.ts";
import { sizeOf } from "../../image/content/describe.ts";
import { findStored } from "../../image/content/stored-image.ts";
import { HOST, isImported } from "../../image/resolve.ts";
import { readRecord } from "../../image/store.ts";
import { type ContainerSpec, imageName } from "../../spec/spec.ts";
import type { Places } from "../../state/places.ts";

/** Bytes of the files that a container has written, and with those of its image. The image `host` counts as none. */
export function layerBytes(root: string, { upper }: Places, spec: ContainerSpec) {
  const written = filesBytes(upper);
  return { written, whole: written + imageBytes(root, imageName(spec)) };
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Each directory is opened by its name in the one above it: no link leads elsewhere, whatever the container does meanwhile. */
export function filesBytes(directory: string | Buffer, counted = new Set<number>()): number {
  let fd: number;
  try {
    fd = openSync(directory, DIRECTORY);
  } catch {
    return 0; // it is gone, or is no directory any more
  }
  try {
    const here = `/proc/self/fd/${fd}`;
    const names = readdirSync(here, { encoding: "latin1" });
    return names.reduce((sum, name) => sum + entryBytes(bytesOf(`${here}/${name}`), counted), 0);
  } finally {
    closeSync(fd);
  }
}

/** A file of several names counts once. */
function entryBytes(path: Buffer, counted: Set<number>): number {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return filesBytes(path, counted);
  if (!stats || counted.has(stats.ino)) return 0;
  if (stats.nlink > 1) counted.add(stats.ino);
  return stats.isFile() ? stats.size : 0;
}

function imageBytes(root: string, name: string): number {
  if (name === HOST.name) return 0;
  try {
    if (isImported(root, name)) return readRecord(root, name).bytes;
    const image = findStored(root, name);
    return image ? sizeOf(root, image.config.rootfs.diff_ids).bytes : 0;
  } catch (error) {
    // It is damaged, or has lost that name.
    if (error instanceof Failure) return 0;
    throw error;
  }
}
