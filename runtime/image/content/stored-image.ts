import { Failure } from "../../failure.ts";
import { unlessDamaged } from "../damaged.ts";
import { type ConfigFile, isConfigFile } from "../layers/config-file.ts";
import { type Descriptor, isManifest, type Manifest } from "../manifest/kinds.ts";
import { withoutTag } from "../registry/name-pattern.ts";
import { familiarName, fullName, isSameRepository, parseReference, type Reference } from "../registry/reference.ts";
import { imageNames } from "../store.ts";
import { readJsonBlob } from "./blobs.ts";
import { allNames, type NamedImage, readName, registryDigest } from "./names.ts";

/** An image in layers, as it is stored. */
export interface StoredImage {
  readonly named: NamedImage;
  /** The digest of its configuration, which docker calls the image's id. */
  readonly id: string;
  readonly manifest: Manifest;
  readonly config: ConfigFile;
}

/** As docker takes it: four digits of it or more. */
const ID = /^(?:sha256:)?([a-f0-9]{4,64})$/;
const WHOLE_ID = /^(?:sha256:)?[a-f0-9]{64}$/;

export function isWholeId(name: string): boolean {
  return WHOLE_ID.test(name);
}

/** Where there is no such image: no registry has one by an id. */
export function howToGet(name: string): string {
  return `${isWholeId(name) ? "" : `tinydocker pull ${name}; `}tinydocker image ls lists the images`;
}

/** By a name as docker reads it, or by an id; undefined: there is none. Throws Failure for what is neither, and if it is damaged. */
export function findStored(root: string, name: string): StoredImage | undefined {
  const named = findNamed(root, name);
  return named && readStored(root, named);
}

/** The same; throws Failure (exit 125) where there is none. */
export function existingStored(root: string, name: string): StoredImage {
  const image = findStored(root, name);
  if (image) return image;
  if (imageNames(root).includes(name))
    throw new Failure(`the image ${name} is a root file system without layers and history`, {
      code: "image-not-found",
      remedy: "tinydocker import FILE.tar REPOSITORY:TAG, in docker's order, makes one of layers",
    });
  throw new Failure(`there is no image ${name} from a registry`, {
    code: "image-not-found",
    remedy: howToGet(name),
  });
}

/** The same; a name without a tag means all of its tags that are here, as docker saves them. */
export function storedWithTags(root: string, name: string): StoredImage[] {
  const reference = withoutTag(name) === name && !isWholeId(name) ? parseReference(name) : undefined;
  const tags = reference ? allNames(root).filter((named) => isTagOf(reference, named)) : [];
  return tags.length > 0 ? tags.map((named) => readStored(root, named)) : [existingStored(root, name)];
}

function isTagOf(repository: Reference, { name }: NamedImage): boolean {
  const reference = parseReference(name);
  return reference.tag !== undefined && isSameRepository(reference, repository);
}

export function readStored(root: string, named: NamedImage): StoredImage {
  const manifest = readJsonBlob(root, named.manifest.digest, isManifest);
  return {
    named,
    id: manifest.config.digest,
    manifest,
    config: readJsonBlob(root, manifest.config.digest, isConfigFile),
  };
}

function findNamed(root: string, name: string): NamedImage | undefined {
  const [, hex] = ID.exec(name) ?? [];
  const reference = hex?.length === 64 || name.startsWith("sha256:") ? undefined : parseReference(name);
  const byName = reference && (readName(root, fullName(reference)) ?? namesOfDigest(root, reference)[0]);
  return byName ?? (hex === undefined ? undefined : findById(root, name, hex));
}

/** Those in its repository, tags too, that mean what has its digest; none if it names no digest. */
export function namesOfDigest(root: string, reference: Reference): NamedImage[] {
  const { digest } = reference;
  if (digest === undefined) return [];
  return allNames(root).filter((named) => {
    const isThere = isSameRepository(parseReference(named.name), reference);
    return isThere && [named.manifest.digest, registryDigest(named)].includes(digest);
  });
}

function findById(root: string, name: string, hex: string): NamedImage | undefined {
  const found = new Map<string, NamedImage>();
  for (const named of allNames(root)) {
    const id = idOf(root, named);
    if (id?.startsWith(`sha256:${hex}`)) found.set(id, found.get(id) ?? named);
  }
  if (found.size <= 1) return found.values().next().value;
  const names = [...found.values()].map((image) => familiarName(parseReference(image.name)));
  throw new Failure(`${name} is the id of several images: ${names.join(", ")}`, {
    code: "image-not-found",
    remedy: "give more of the id, or a name",
  });
}

/** Undefined: it is damaged. */
export function idOf(root: string, { manifest }: NamedImage): string | undefined {
  return unlessDamaged(() => readJsonBlob(root, manifest.digest, isManifest).config.digest);
}

/** All names of one image: of one id, by whatever manifest. Of a damaged one, those of its manifest. */
export function namesOfSame(root: string, named: NamedImage): NamedImage[] {
  const id = idOf(root, named);
  return allNames(root).filter((one) =>
    id === undefined ? one.manifest.digest === named.manifest.digest : idOf(root, one) === id,
  );
}

/** The names of the images that are stored, as docker prints them. */
export function storedNames(root: string): string[] {
  return allNames(root).map(({ name }) => familiarName(parseReference(name)));
}

export interface Layer {
  readonly blob: Descriptor;
  /** The digest of what it unpacks to. */
  readonly diffId: string;
}

export function layersOf({ manifest, config }: Pick<StoredImage, "manifest" | "config">): Layer[] {
  return manifest.layers.map((blob, index) => ({ blob, diffId: config.rootfs.diff_ids[index] ?? "" }));
}
