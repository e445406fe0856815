import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { imageEvent } from "../../events/image.ts";
import { Failure } from "../../failure.ts";
import { makeDirectory } from "../../host/make-directory.ts";
import { decompress } from "../archive/compression/decompress.ts";
import { BadImage } from "../archive/entry.ts";
import { openSource } from "../archive/source.ts";
import { readTar } from "../archive/tar/tar.ts";
import { writeBlob } from "../content/blobs.ts";
import { clearUnderWay } from "../content/clear.ts";
import { beginName } from "../content/names.ts";
import { layersDirectory } from "../content/places.ts";
import { underWayPrefix } from "../content/under-way.ts";
import { extractLayers } from "../extract/extract.ts";
import { removeTree } from "../leftovers.ts";
import { Notes } from "../notes.ts";
import { fetchLayer } from "../pull/layer.ts";
import type { LayerProgress } from "../pull/progress.ts";
import { familiarName, fullName, parseReference, type Reference, referenceById } from "../registry/reference.ts";
import { systemFailure } from "../system-failure.ts";
import { readSavedImages, type SavedImage } from "./saved-images.ts";

export interface Load {
  /** stateRoot(). */
  readonly root: string;
  /** A file, a directory, or "-": `stdin`. */
  readonly source: string;
  readonly stdin: Readable;
  /** For an image that has none in what is loaded. */
  readonly name?: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: (layer: LayerProgress) => void;
}

/**
 * Stores the images that `docker save` or an OCI tool wrote, each completely or not at all, under the names that they have
 * there, or one by its id. Returns those. Throws Failure (exit 125), or the signal's reason.
 */
export async function loadImages(load: Load): Promise<string[]> {
  const { root, source } = load;
  const what = `can't load ${source === "-" ? "standard input" : source}`;
  try {
    return await fromDirectory(load, (directory) => storeAll(load, directory));
  } catch (error) {
    load.signal.throwIfAborted();
    if (error instanceof BadImage)
      throw new Failure(`${what}: ${error.message}`, { code: "image-invalid", cause: error });
    throw systemFailure(what, root, "import-failed", error);
  }
}

/** An archive is unpacked first: what says where its parts are may come last. */
async function fromDirectory<T>(load: Load, work: (directory: string) => Promise<T>): Promise<T> {
  const { root, source, stdin, signal } = load;
  if (source !== "-" && (await stat(source)).isDirectory()) return work(resolve(source));
  const archive = await openSource(source, stdin, signal);
  makeDirectory(layersDirectory(root));
  await clearUnderWay(root);
  const place = await mkdtemp(join(layersDirectory(root), underWayPrefix()));
  try {
    const directory = join(place, "saved");
    await mkdir(directory);
    const entries = readTar(decompress(archive), { notes: new Notes() });
    await extractLayers([entries], directory, { notes: new Notes(), signal, progress: () => {} });
    return await work(directory);
  } finally {
    await removeTree(place);
  }
}

async function storeAll(load: Load, directory: string): Promise<string[]> {
  const saved = await readSavedImages(directory);
  const unnamed = saved.filter(({ names }) => names.length === 0);
  if (load.name !== undefined && saved.length > 1 && unnamed.length !== 1)
    throw new BadImage(`it has ${saved.length} images, and --name is for one; skopeo copy takes one of them`);
  const renamed = saved.length === 1 ? saved : unnamed;
  const images = saved.map((image) => ({
    image,
    names: namesFor(renamed.includes(image) ? load.name : undefined, image),
  }));
  await clearUnderWay(load.root);
  const loaded: string[] = [];
  for (const { image, names } of images) {
    await storeImage(load, image, names, () => {
      for (const name of names) imageEvent(load.root, "load", familiarName(name));
    });
    loaded.push(...names.map(familiarName));
  }
  return loaded;
}

function namesFor(name: string | undefined, { names, manifest }: SavedImage): Reference[] {
  if (name !== undefined) return [parseReference(name)];
  if (names.length > 0) return names.map((one) => parseReference(one));
  return [referenceById("load", manifest.config.digest)];
}

/** Stores it completely or not at all. `stored` is called when all of it is here, and the names are about to mean it. */
export async function storeImage(
  { root, signal, progress }: Pick<Load, "root" | "signal" | "progress">,
  image: SavedImage,
  names: readonly Reference[],
  stored: () => void,
): Promise<void> {
  const since = new Date().toISOString();
  const naming = names.map((name) => beginName(root, { name: fullName(name), manifest: image.descriptor, since }));
  try {
    writeBlob(root, image.descriptor.digest, image.bytes);
    writeBlob(root, image.manifest.config.digest, image.configBytes);
    for (const [index, blob] of image.manifest.layers.entries()) {
      const { digest, size } = blob;
      await fetchLayer({
        root,
        blob,
        diffId: image.diffIds[index] ?? "",
        notes: new Notes(),
        signal,
        source: (start) => createReadStream(image.layers.get(digest) ?? "", { start }),
        progress: (state, bytes) => progress({ digest, state, bytes, size }),
      });
    }
    stored();
    for (const one of naming) one.publish();
  } finally {
    for (const one of naming) one.drop();
  }
}
