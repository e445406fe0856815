import { BadImage } from "../archive/entry.ts";
import {
  type Descriptor,
  INDEX_DEPTH_MAX,
  INDEX_TYPES,
  isIndex,
  isManifest,
  TAKEN_CONFIG_TYPES,
} from "../manifest/kinds.ts";
import { type Choice, chooseImage, thisPlatform } from "../manifest/platform.ts";
import { blobOf, readJson } from "./blob.ts";
import { notOneImage } from "./docker-save.ts";
import type { Manifest } from "./manifest.ts";

/** The OCI image-spec's image-layout.md: the file that marks one, and the one that says what is in it. */
export const OCI_LAYOUT = "oci-layout";
const INDEX = "index.json";

/** Of several images, the one for this machine. Throws BadImage when that isn't one. */
export async function readOciLayout(directory: string): Promise<Manifest> {
  const index = await readJson(directory, { path: INDEX }, isIndex);
  const descriptor = await choose(directory, index.manifests, 1);
  const { config, layers } = await readJson(directory, blobOf(descriptor), isManifest);
  if (!TAKEN_CONFIG_TYPES.has(config.mediaType))
    throw new BadImage(`it is not an image of a container: ${config.mediaType}`);
  return { config: blobOf(config), layers: layers.map(blobOf) };
}

async function choose(directory: string, manifests: readonly Descriptor[], depth: number): Promise<Descriptor> {
  const choice = chooseImage(manifests);
  if (!("image" in choice)) throw unclear(choice);
  const { image } = choice;
  if (!INDEX_TYPES.has(image.mediaType)) return image;
  if (depth === INDEX_DEPTH_MAX) throw new BadImage("its indexes of images contain each other");
  const { manifests: inner } = await readJson(directory, blobOf(image), isIndex);
  return choose(directory, inner, depth + 1);
}

function unclear(choice: Exclude<Choice, { readonly image: Descriptor }>): BadImage {
  if ("several" in choice) return notOneImage(choice.several.flatMap(nameOf), choice.several.length);
  return new BadImage(`it is for ${choice.platforms.join(", ")}, and this machine is ${thisPlatform()}`);
}

function nameOf({ annotations = {} }: Descriptor): string[] {
  const name = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
  return name === undefined ? [] : [name];
}
