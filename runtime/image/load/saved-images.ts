import { createHash } from "node:crypto";
import { createReadStream, lstatSync } from "node:fs";
import { parseWithoutNulls } from "../../shape.ts";
import { compressionOf } from "../archive/compression/decompress.ts";
import { BadImage } from "../archive/entry.ts";
import { type Blob, blobOf, locate, readJson, readText } from "../layers/blob.ts";
import { checkSystem, diffIdsOf, isConfigFile } from "../layers/config-file.ts";
import {
  type Descriptor,
  DOCKER_CONFIG,
  DOCKER_MANIFEST_V2,
  dockerLayer,
  INDEX_DEPTH_MAX,
  INDEX_TYPES,
  isDockerList,
  isIndex,
  isManifest,
  MANIFEST_TYPES,
  type Manifest,
} from "../manifest/kinds.ts";
import { checkedManifest } from "../manifest/parse.ts";
import { chooseImage, isImage, thisPlatform } from "../manifest/platform.ts";

/** One image of a directory that `docker save` or an OCI tool wrote. */
export interface SavedImage {
  /** As the tool wrote them; may be none. */
  readonly names: readonly string[];
  readonly descriptor: Descriptor;
  /** Of the manifest. */
  readonly bytes: Buffer;
  readonly manifest: Manifest;
  readonly configBytes: Buffer;
  readonly diffIds: readonly string[];
  /** Absolute path of each layer, by its digest. */
  readonly layers: ReadonlyMap<string, string>;
}

/** Throws BadImage for a directory that has no image, and for a broken one. */
export async function readSavedImages(directory: string): Promise<SavedImage[]> {
  const has = (name: string) => lstatSync(`${directory}/${name}`, { throwIfNoEntry: false })?.isFile();
  if (has("oci-layout")) return readLayout(directory);
  if (has("manifest.json")) return readDockerSave(directory);
  if (has("repositories"))
    throw new BadImage(
      "a docker of before 2016 saved it: load it with docker 1.10, or a little later one, and save it again",
    );
  throw new BadImage(
    "it is neither what docker save writes nor an OCI layout: `tinydocker image import` takes a root file system",
  );
}

async function readLayout(directory: string): Promise<SavedImage[]> {
  const { manifests } = await readJson(directory, { path: "index.json" }, isIndex);
  const images = manifests.filter(isImage);
  if (images.length === 0) throw new BadImage("it has no image");
  const read: SavedImage[] = [];
  for (const image of images) read.push(await readListed(directory, image, namesOf(image)));
  return read;
}

function namesOf({ annotations = {} }: Descriptor): string[] {
  const name = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
  return name === undefined ? [] : [name];
}

const IMAGE_TYPES = new Set([...MANIFEST_TYPES, ...INDEX_TYPES]);

/** An index is of one image, for several machines. */
async function readListed(
  directory: string,
  listed: Descriptor,
  names: readonly string[],
  depth = 1,
): Promise<SavedImage> {
  if (!INDEX_TYPES.has(listed.mediaType)) return readManifest(directory, listed, names);
  if (depth > INDEX_DEPTH_MAX) throw new BadImage("its indexes of images contain each other");
  const { manifests } = await readJson(directory, blobOf(listed), isIndex);
  const choice = chooseImage(manifests);
  const image = "image" in choice ? choice.image : "several" in choice ? choice.several[0] : undefined;
  if (image && IMAGE_TYPES.has(image.mediaType)) return readListed(directory, image, names, depth + 1);
  const platforms = "platforms" in choice ? choice.platforms.join(", ") : "no machine";
  throw new BadImage(`it is for ${platforms}, and this machine is ${thisPlatform()}`);
}

async function readManifest(directory: string, descriptor: Descriptor, names: readonly string[]): Promise<SavedImage> {
  const text = await readText(directory, blobOf(descriptor));
  const manifest = parseWithoutNulls(text);
  if (!isManifest(manifest)) throw new BadImage(`its ${descriptor.digest} is not the manifest of an image`);
  const { config, layers } = checkedManifest(manifest);
  const places = new Map<string, string>();
  for (const layer of layers) places.set(layer.digest, await locate(directory, blobOf(layer)));
  const parts = await readConfig(directory, blobOf(config), layers.length);
  return { names, descriptor, bytes: Buffer.from(text), manifest, ...parts, layers: places };
}

async function readConfig(directory: string, blob: Blob, layers: number) {
  const config = await readJson(directory, blob, isConfigFile);
  checkSystem(config);
  const diffIds = diffIdsOf(config, layers);
  return { configBytes: Buffer.from(await readText(directory, blob)), diffIds };
}

/** Before docker 25 there was no manifest of the registry's kind in it; one is made. */
async function readDockerSave(directory: string): Promise<SavedImage[]> {
  const images = parseWithoutNulls(await readText(directory, { path: "manifest.json" }));
  if (isManifest(images))
    throw new BadImage("it is a directory of skopeo's; `skopeo copy dir:DIR oci:OTHER` makes an OCI layout of it");
  if (!isDockerList(images) || images.length === 0) throw new BadImage("its manifest.json has no image");
  const read: SavedImage[] = [];
  for (const { Config, Layers, RepoTags } of images) {
    const config = { path: Config };
    const parts = await readConfig(directory, config, Layers.length);
    const places = new Map<string, string>();
    const layers: Descriptor[] = [];
    for (const path of Layers) {
      const file = await locate(directory, { path });
      const layer = await describe(file);
      places.set(layer.digest, file);
      layers.push(layer);
    }
    read.push(withMadeManifest(RepoTags ?? [], parts, layers, places));
  }
  return read;
}

function withMadeManifest(
  names: readonly string[],
  parts: Pick<SavedImage, "configBytes" | "diffIds">,
  layers: readonly Descriptor[],
  places: ReadonlyMap<string, string>,
): SavedImage {
  const { configBytes } = parts;
  const config = { mediaType: DOCKER_CONFIG, digest: digestOf(configBytes), size: configBytes.length };
  const manifest = { schemaVersion: 2, mediaType: DOCKER_MANIFEST_V2, config, layers };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const descriptor = { mediaType: DOCKER_MANIFEST_V2, digest: digestOf(bytes), size: bytes.length };
  return { names, descriptor, bytes, manifest, ...parts, layers: places };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function describe(file: string): Promise<Descriptor> {
  const hash = createHash("sha256");
  let size = 0;
  let compression: ReturnType<typeof compressionOf>;
  for await (const piece of createReadStream(file, { highWaterMark: 256 * 1_024 })) {
    if (size === 0) compression = compressionOf(piece);
    hash.update(piece);
    size += piece.length;
  }
  return { mediaType: dockerLayer(compression), digest: `sha256:${hash.digest("hex")}`, size };
}
