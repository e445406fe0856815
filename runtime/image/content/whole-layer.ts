import { existsSync, writeFileSync } from "node:fs";
import { hasBlob } from "./blobs.ts";
import { layerPath } from "./places.ts";
import { hasLayer } from "./stack.ts";
import type { Layer } from "./stored-image.ts";

/** Its archive and its files are here, and the one was seen to unpack to the other: that both are here does not say so. */
export function isWhole(root: string, layer: Layer): boolean {
  const { blob, diffId } = layer;
  if (!hasLayer(root, diffId) || !hasBlob(root, blob.digest)) return false;
  return blob.digest === diffId || existsSync(notePath(root, layer));
}

/** Notes that its archive was read to the end, has its digest, and unpacks to its files. */
export function noteWhole(root: string, layer: Layer): void {
  if (layer.blob.digest === layer.diffId) return;
  try {
    writeFileSync(notePath(root, layer), "", { mode: 0o600 });
  } catch (error) {
    // Put aside just now, by a removal that gives it back.
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function notePath(root: string, { blob, diffId }: Layer): string {
  return `${layerPath(root, diffId)}/from-${blob.digest.replace(":", "-")}`;
}
