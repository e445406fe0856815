import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "../../host/make-directory.ts";
import { isRecordOf, isWhole, parseJson, type Shaped } from "../../shape.ts";
import { emptyDirectory, layerPath } from "./places.ts";

const isLayerRecord = isRecordOf({
  /** Everything but directories. */
  files: isWhole,
  /** Of the files' contents, a hard link counted once. */
  bytes: isWhole,
});
export type LayerRecord = Shaped<typeof isLayerRecord>;

/** Marks one that hides all layers below it. */
export const OPAQUE = "opaque";

export function hasLayer(root: string, diffId: string): boolean {
  return existsSync(layerPath(root, diffId));
}

/** `path`: layerPath(). */
export function readLayerRecord(path: string): LayerRecord | undefined {
  const value = parseJson(readFileSync(join(path, "layer.json"), "utf8"));
  return isLayerRecord(value) ? value : undefined;
}

/**
 * Where the layers are, the topmost first, as overlayfs stacks them. Of a layer that an image has twice, the upper one
 * hides all of the lower one. An image without layers is an empty directory.
 */
export function stackOf(root: string, diffIds: readonly string[]): string[] {
  if (diffIds.length === 0) return [emptyLayer(root)];
  const upwards = [...new Set(diffIds.toReversed())];
  const end = upwards.findIndex((diffId) => existsSync(join(layerPath(root, diffId), OPAQUE)));
  const seen = end < 0 ? upwards : upwards.slice(0, end + 1);
  return seen.map((diffId) => join(layerPath(root, diffId), "fs"));
}

function emptyLayer(root: string): string {
  const path = emptyDirectory(root);
  if (existsSync(path)) return path;
  makeDirectory(path);
  // Every user of a container may enter its root.
  chmodSync(path, 0o755);
  return path;
}
