import { existsSync } from "node:fs";
import { Failure } from "../failure.ts";
import { checkedName } from "../spec/name.ts";
import type { Image } from "../spec/spec.ts";
import type { ImageConfig } from "./config.ts";
import { hasLayer, stackOf } from "./content/stack.ts";
import { findStored, howToGet, isWholeId, storedNames } from "./content/stored-image.ts";
import { imageConfig } from "./layers/config-file.ts";
import { parseReference } from "./registry/reference.ts";
import { imageNames, readRecord, recordOf, rootfsOf } from "./store.ts";

/** The built-in image: the machine's own root, so a first run needs no download. */
export const HOST: Image = { name: "host", layers: ["/"] };

export interface ResolvedImage extends Image {
  readonly config?: ImageConfig;
}

/**
 * An imported image by its name, or one from a registry by its name or id; of an imported one, the name counts first. `root`
 * is stateRoot(). Throws Failure (exit 125) for what can't be a name, and for no image or a damaged one.
 */
export function resolveImage(root: string, name: string): ResolvedImage {
  if (name === HOST.name) return HOST;
  if (isImported(root, name)) return resolveImported(root, name);
  const found = resolveStored(root, name);
  if (found) return found;
  throw notFound(root, name);
}

/** Throws Failure for what can't be a name, and for a damaged image. */
export function imageExists(root: string, name: string): boolean {
  return name === HOST.name || isImported(root, name) || resolveStored(root, name) !== undefined;
}

/** A name of a registry's image may have characters that lead elsewhere as a path. */
export function isImported(root: string, name: string): boolean {
  return /^[^/.][^/]*$/.test(name) && existsSync(recordOf(root, name));
}

function resolveImported(root: string, name: string): ResolvedImage {
  const { config } = readRecord(root, name);
  // What it was imported for is named with each run.
  const { Entrypoint = [], Cmd = [], ...rest } = config ?? {};
  const Command = [...Entrypoint, ...Cmd];
  const used = Command.length > 0 ? { ...rest, Cmd: Command } : rest;
  return { name, layers: [rootfsOf(root, name)], ...(config && { config: used }) };
}

function resolveStored(root: string, name: string): ResolvedImage | undefined {
  const image = findStored(root, name);
  if (!image) return undefined;
  const diffIds = image.config.rootfs.diff_ids;
  const missing = diffIds.find((diffId) => !hasLayer(root, diffId));
  if (missing !== undefined)
    throw new Failure(`the image ${name} lacks its layer ${missing}`, {
      code: "image-damaged",
      remedy: `tinydocker pull ${name}`,
    });
  return { name, id: image.id, layers: stackOf(root, diffIds), config: imageConfig(image.config) };
}

const NAMED_MAX = 10;

/** Those that a container can have, the first ones by their names. */
export function availableImages(root: string): string {
  const names = [HOST.name, ...imageNames(root), ...storedNames(root)];
  const others = names.length - NAMED_MAX;
  return `${names.slice(0, NAMED_MAX).join(", ")}${others > 0 ? ` and ${others} more` : ""}`;
}

function notFound(root: string, name: string): Failure {
  return new Failure(`there is no image ${name}; available: ${availableImages(root)}`, {
    code: "image-not-found",
    remedy: isWholeId(name)
      ? howToGet(name)
      : `tinydocker pull ${name}, or tinydocker image import NAME FILE.tar[.gz|.zst]|DIR|-`,
  });
}

/** Throws Failure (exit 125) for a name that no image can have, and for an image that was not imported. */
export function checkExists(root: string, name: string): void {
  if (isImported(root, name)) return;
  // It may be the name of a registry's image, which is not here.
  if (!isReference(name)) checkedName("image", name);
  throw notFound(root, name);
}

function isReference(name: string): boolean {
  try {
    return parseReference(name) !== undefined;
  } catch {
    return false;
  }
}
