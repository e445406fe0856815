import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { isAlive } from "../../host/process.ts";
import { IMAGE_ID } from "../../spec/spec.ts";
import { lockedKeys } from "../../state/lock.ts";
import { placesAt } from "../../state/places.ts";
import { type Found, find } from "../../state/status.ts";
import { isConfigFile } from "../layers/config-file.ts";
import { isManifest } from "../manifest/kinds.ts";
import { readJsonBlob } from "./blobs.ts";
import { allNames, type NamedImage, namesUnderWay } from "./names.ts";
import { layersDirectory } from "./places.ts";

/** What may not be removed. */
export interface InUse {
  /** Digests of blobs. */
  readonly blobs: ReadonlySet<string>;
  /** As in layersDirectory(). */
  readonly layers: ReadonlySet<string>;
}

/** By the names of images, those that are about to be named, and containers. */
export function inUse(root: string): InUse {
  const [blobs, layers] = [new Set<string>(), new Set<string>()];
  for (const named of [...allNames(root), ...namesUnderWay(root)]) {
    const parts = partsOf(root, named);
    for (const digest of parts.blobs) blobs.add(digest);
    for (const layer of parts.layers) layers.add(layer);
  }
  for (const { layers: stack } of containers(root)) for (const layer of stack) layers.add(layer);
  return { blobs, layers };
}

/** What an image consists of, as far as it is here. */
export function partsOf(root: string, { manifest }: Pick<NamedImage, "manifest">): InUse {
  const blobs = new Set([manifest.digest]);
  try {
    const { config, layers } = readJsonBlob(root, manifest.digest, isManifest);
    for (const { digest } of [config, ...layers]) blobs.add(digest);
    const { rootfs } = readJsonBlob(root, config.digest, isConfigFile);
    return { blobs, layers: new Set(rootfs.diff_ids.map((diffId) => diffId.replace(":", "-"))) };
  } catch (error) {
    if (error instanceof Failure) return { blobs, layers: new Set() };
    throw error;
  }
}

export interface LayeredContainer {
  readonly name: string;
  /** The id of its image, if that is one of layers. */
  readonly image: string | undefined;
  /** Of the image, the topmost first, as in layersDirectory(). */
  readonly layers: readonly string[];
}

/** Those that run, and those that can be started again. */
export function containers(root: string): LayeredContainer[] {
  const keys = new Set([...lockedKeys(root), ...recordedKeys(root)]);
  return [...keys].flatMap((key) => {
    const places = placesAt(resolve(root), key);
    const found = find(places);
    const isKept = found && (existsSync(places.record) || isActive(found));
    return isKept
      ? [{ name: places.name, image: found.record.spec.annotations[IMAGE_ID], layers: layersOf(root, found) }]
      : [];
  });
}

/** What a killed process left will never use its image again. */
function isActive({ owner, status }: Found): boolean {
  return status.state === "running" || (owner !== undefined && isAlive(owner));
}

function layersOf(root: string, { record }: Found): string[] {
  const top = `${layersDirectory(root)}/`;
  return record.spec.root.layers.filter((path) => path.startsWith(top)).map((path) => basename(dirname(path)));
}

function recordedKeys(root: string): string[] {
  const directory = join(root, "records");
  return existsSync(directory) ? readdirSync(directory).filter((key) => !key.startsWith(".")) : [];
}
