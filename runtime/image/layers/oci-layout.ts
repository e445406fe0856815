import { isListOf, isMapOf, isRecordOf, isText, isWhole, type Shaped } from "../../shape.ts";
import { BadImage } from "../archive/entry.ts";
import { blobOf, readJson } from "./blob.ts";
import { thisArchitecture } from "./config-file.ts";
import { notOneImage } from "./docker-save.ts";
import type { Manifest } from "./manifest.ts";

/** The OCI image-spec's image-layout.md: the file that marks one, and the one that says what is in it. */
export const OCI_LAYOUT = "oci-layout";
const INDEX = "index.json";

/** descriptor.md and image-index.md. */
const isDescriptor = isRecordOf(
  { mediaType: isText, digest: isText, size: isWhole },
  {
    platform: isRecordOf({ architecture: isText, os: isText }),
    annotations: isMapOf(isText),
  },
);
type Descriptor = Shaped<typeof isDescriptor>;
const isIndex = isRecordOf({ manifests: isListOf(isDescriptor) });
const isManifest = isRecordOf({ config: isDescriptor, layers: isListOf(isDescriptor) });

const INDEX_TYPES = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);
const CONFIG_TYPES = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);
/** An index in an index in an index is more than any tool writes. */
const INDEX_DEPTH_MAX = 3;

/** Of several images, the one for this machine. Throws BadImage when that isn't one. */
export async function readOciLayout(directory: string): Promise<Manifest> {
  const index = await readJson(directory, { path: INDEX }, isIndex);
  const descriptor = await choose(directory, index.manifests, 1);
  const { config, layers } = await readJson(directory, blobOf(descriptor), isManifest);
  if (!CONFIG_TYPES.has(config.mediaType)) throw new BadImage(`it is not an image of a container: ${config.mediaType}`);
  return { config: blobOf(config), layers: layers.map(blobOf) };
}

async function choose(directory: string, manifests: readonly Descriptor[], depth: number): Promise<Descriptor> {
  const images = manifests.filter(({ annotations }) => annotations?.["vnd.docker.reference.type"] === undefined);
  const fitting = images.filter(({ platform }) => platform === undefined || isThisMachine(platform));
  const [image] = images.length === 1 ? images : fitting;
  if (!image || (fitting.length > 1 && images.length > 1)) throw unclear(images, fitting);
  if (!INDEX_TYPES.has(image.mediaType)) return image;
  if (depth === INDEX_DEPTH_MAX) throw new BadImage("its indexes of images contain each other");
  const { manifests: inner } = await readJson(directory, blobOf(image), isIndex);
  return choose(directory, inner, depth + 1);
}

function unclear(images: readonly Descriptor[], fitting: readonly Descriptor[]): BadImage {
  if (images.length > 0 && fitting.length === 0) {
    const platforms = images.map(({ platform }) => `${platform?.os}/${platform?.architecture}`).join(", ");
    return new BadImage(`it is for ${platforms}, and this machine is linux/${thisArchitecture()}`);
  }
  return notOneImage(fitting.flatMap(nameOf), fitting.length);
}

function nameOf({ annotations = {} }: Descriptor): string[] {
  const name = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
  return name === undefined ? [] : [name];
}

function isThisMachine({ os, architecture }: { readonly os: string; readonly architecture: string }): boolean {
  return os === "linux" && architecture === thisArchitecture();
}
