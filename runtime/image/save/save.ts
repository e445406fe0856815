import { mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { imageEvent } from "../../events/image.ts";
import { Failure } from "../../failure.ts";
import { openShim, type Shim } from "../../host/shim.ts";
import { writeWholeFile } from "../../host/whole-file.ts";
import { archiveEnd, fileHeader, paddingAfter } from "../archive/tar/header-block.ts";
import { blobBytes, blobSize } from "../content/blob-bytes.ts";
import { readBlob } from "../content/blobs.ts";
import { type StoredImage, storedWithTags } from "../content/stored-image.ts";
import { familiarName, parseReference } from "../registry/reference.ts";
import { DOCKER_FILE, INDEX_FILE, type Listing, listedBeside, listing, pathOf } from "./listing.ts";

/** A file of what is saved: its bytes, or the blob that it is. */
type SavedFile = { readonly path: string } & ({ readonly bytes: Buffer } | { readonly digest: string });

/**
 * The images as docker 25 and later save them, which is an OCI layout with docker's own manifest.json: docker, podman,
 * skopeo and umoci read it. Throws Failure where there is no such image.
 */
export async function* savedArchive(root: string, names: readonly string[]): AsyncGenerator<Uint8Array> {
  const shim = await openShim();
  const images = imagesOf(root, names);
  for (const file of filesOf(images, listing(images))) {
    const size = "bytes" in file ? file.bytes.length : blobSize(root, file.digest);
    yield fileHeader(file.path, size);
    yield* contentOf(root, file, shim);
    yield paddingAfter(size);
  }
  yield archiveEnd();
  for (const name of names) imageEvent(root, "save", name);
}

/** The same as a directory, beside the images that it has. What says which there are comes last. */
export async function saveInto(
  root: string,
  names: readonly string[],
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const shim = await openShim();
  const images = imagesOf(root, names);
  await refuseFull(directory);
  for (const file of filesOf(images, listedBeside(directory, listing(images)))) {
    const to = join(directory, file.path);
    await mkdir(dirname(to), { recursive: true });
    await writeWholeFile(contentOf(root, file, shim), to, signal);
  }
  for (const name of names) imageEvent(root, "save", name);
}

/** What is there would be mixed with it. Throws Failure. */
async function refuseFull(directory: string): Promise<void> {
  const names = await readdir(directory);
  if (names.length === 0 || names.includes("oci-layout")) return;
  throw new Failure(`the directory ${directory} is neither empty nor an OCI layout`, {
    code: "usage",
    remedy: "name an empty directory, or a file, such as -o IMAGE.tar",
  });
}

async function* contentOf(root: string, file: SavedFile, shim: Shim): AsyncGenerator<Uint8Array> {
  if ("bytes" in file) yield file.bytes;
  else yield* blobBytes(root, file.digest, shim);
}

function imagesOf(root: string, names: readonly string[]): StoredImage[] {
  const images = names.flatMap((name) => storedWithTags(root, name));
  for (const { named } of images) {
    const name = familiarName(parseReference(named.name));
    if (!readBlob(root, named.manifest.digest))
      throw new Failure(`the manifest of ${name} is missing`, {
        code: "image-damaged",
        remedy: `tinydocker pull ${name}`,
      });
  }
  return [...new Map(images.map((image) => [image.named.name, image])).values()];
}

function filesOf(images: readonly StoredImage[], listed: Listing): SavedFile[] {
  const digests = images.flatMap(({ named, manifest }) => {
    return [named.manifest.digest, manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)];
  });
  return [
    ...[...new Set(digests)].map((digest) => ({ path: pathOf(digest), digest })),
    json("oci-layout", { imageLayoutVersion: "1.0.0" }),
    json(INDEX_FILE, listed.index),
    json(DOCKER_FILE, listed.docker),
  ];
}

function json(path: string, value: unknown): SavedFile {
  return { path, bytes: Buffer.from(JSON.stringify(value)) };
}
