import { lstatSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "./blob.ts";
import { type ConfigFile, diffIdsOf, isConfigFile } from "./config-file.ts";
import { DOCKER_MANIFEST, readDockerManifest } from "./docker-save.ts";
import type { Layer } from "./layer.ts";
import type { Manifest } from "./manifest.ts";
import { OCI_LAYOUT, readOciLayout } from "./oci-layout.ts";

/** An image in layers, the lowest first, in a directory that `docker save` or an OCI tool wrote. */
export interface SavedImage {
  readonly directory: string;
  readonly layers: readonly Layer[];
  readonly config: ConfigFile;
}

/** Undefined for a directory that isn't a saved image. Throws BadImage for one that is broken, or has several images. */
export async function readSavedImage(directory: string): Promise<SavedImage | undefined> {
  const manifest = await readManifest(directory);
  if (!manifest) return undefined;
  const config = await readJson(directory, manifest.config, isConfigFile);
  const diffIds = diffIdsOf(config, manifest.layers.length);
  const layers = manifest.layers.map((blob, index) => ({ blob, diffId: diffIds[index] ?? "" }));
  return { directory, layers, config };
}

/** docker 25 and later write both; an OCI layout has a digest for each file. */
async function readManifest(directory: string): Promise<Manifest | undefined> {
  const has = (name: string) => lstatSync(join(directory, name), { throwIfNoEntry: false })?.isFile();
  if (has(OCI_LAYOUT)) return readOciLayout(directory);
  return has(DOCKER_MANIFEST) ? readDockerManifest(directory) : undefined;
}
