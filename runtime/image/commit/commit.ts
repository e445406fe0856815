import { createHash } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { thisArchitecture } from "../../host/architecture.ts";
import { makeDirectory } from "../../host/make-directory.ts";
import type { Shim } from "../../host/shim.ts";
import { isListOf, isMapOf, parseJson, type Shape } from "../../shape.ts";
import type { Entry, Whiteout } from "../archive/entry.ts";
import { readBlob } from "../content/blobs.ts";
import { clearUnderWay } from "../content/clear.ts";
import { allNames } from "../content/names.ts";
import { blobPath, layersDirectory } from "../content/places.ts";
import { stackOf } from "../content/stack.ts";
import { layersOf, readStored, type StoredImage } from "../content/stored-image.ts";
import { underWayPrefix } from "../content/under-way.ts";
import { unlessDamaged } from "../damaged.ts";
import { overlayTree } from "../layers/overlay-tree.ts";
import { removeTree } from "../leftovers.ts";
import { storeImage } from "../load/load.ts";
import type { SavedImage } from "../load/saved-images.ts";
import { type Descriptor, OCI_MANIFEST } from "../manifest/kinds.ts";
import { familiarName, type Reference, referenceById } from "../registry/reference.ts";
import type { Config } from "./change.ts";
import { type WrittenLayer, writeLayer } from "./layer.ts";

export interface Commit {
  readonly shim: Shim;
  /** stateRoot(). */
  readonly root: string;
  /** Of the image that the container was made from, the topmost first; none of an import. */
  readonly layers: readonly string[];
  /** That image's, where it is known. */
  readonly id?: string | undefined;
  /** What the container has written, on top of these. */
  readonly written: AsyncIterable<Entry | Whiteout>;
  readonly configOf: (base: Config) => Config;
  /** Undefined: one below localhost/ with its id, as every image has a name here. */
  readonly name: Reference | undefined;
  /** Of that name. */
  readonly by: "commit" | "import";
  readonly author: string;
  readonly message: string;
  /** For the history. */
  readonly command: string;
  readonly signal: AbortSignal;
}

/** Stores an image of one layer more. Returns its id. */
export async function commitImage(commit: Commit): Promise<string> {
  const { root, shim, layers, id, written, signal } = commit;
  makeDirectory(layersDirectory(root));
  await clearUnderWay(root);
  const place = await mkdtemp(join(layersDirectory(root), underWayPrefix()));
  try {
    const stored = layers.length > 0 ? storedOf(root, layers, id) : undefined;
    const base = stored ? partsOf(root, stored) : await partsFrom(shim, layers, place, signal);
    // What it refuses is refused before a layer is written, which may take long.
    const config = commit.configOf(configIn(base));
    const top = await writeLayer(written, join(place, "layer"), signal);
    const image = imageOf(commit, config, base, top);
    const name = commit.name ?? referenceById(commit.by, idOf(image));
    await storeImage({ root, signal, progress: () => {} }, { ...image, names: [familiarName(name)] }, [name], () => {});
    return idOf(image);
  } finally {
    await removeTree(place);
  }
}

function idOf({ manifest }: SavedImage): string {
  return manifest.config.digest;
}

/**
 * One of these layers: that of the id, and of another configuration only where its name means another image now. Undefined: it
 * was imported, or none has these layers any more.
 */
function storedOf(root: string, layers: readonly string[], id: string | undefined): StoredImage | undefined {
  const ofLayers = allNames(root).flatMap((named) => {
    const image = unlessDamaged(() => readStored(root, named));
    const stack = image ? stackOf(root, image.config.rootfs.diff_ids) : [];
    return image && stack.length === layers.length && stack.every((path, i) => path === layers[i]) ? [image] : [];
  });
  return ofLayers.find((image) => image.id === id) ?? ofLayers[0];
}

interface Parts {
  readonly layers: readonly WrittenLayer[];
  readonly file: Readonly<Record<string, unknown>>;
}

const isFile = isMapOf<unknown>((_value): _value is unknown => true);

function partsOf(root: string, image: StoredImage): Parts {
  const file = parseJson(readBlob(root, image.id)?.toString("utf8") ?? "");
  const layers = layersOf(image).map(({ blob, diffId }) => ({
    descriptor: blob,
    diffId,
    path: blobPath(root, blob.digest),
  }));
  return { layers, file: isFile(file) ? file : {} };
}

async function partsFrom(shim: Shim, layers: readonly string[], place: string, signal: AbortSignal): Promise<Parts> {
  const written: WrittenLayer[] = [];
  for (const [i, layer] of layers.toReversed().entries())
    written.push(await writeLayer(overlayTree(shim, layer), join(place, `base-${i}`), signal));
  return { layers: written, file: {} };
}

const isHistory: Shape<readonly unknown[]> = isListOf((_value): _value is unknown => true);

function configIn({ file: { config } }: Parts): Config {
  return isFile(config) ? config : {};
}

function imageOf(commit: Commit, config: Config, base: Parts, top: WrittenLayer): SavedImage {
  const layers = [...base.layers, top];
  const diffIds = layers.map(({ diffId }) => diffId);
  const { history } = base.file;
  const created = new Date().toISOString();
  const step = { created, created_by: commit.command, author: commit.author, comment: commit.message };
  const file = {
    architecture: thisArchitecture(),
    os: "linux",
    ...base.file,
    created,
    ...(commit.author === "" ? {} : { author: commit.author }),
    config,
    rootfs: { type: "layers", diff_ids: diffIds },
    history: [
      ...(isHistory(history) ? history : []),
      Object.fromEntries(Object.entries(step).filter(([, text]) => text !== "")),
    ],
  };
  const configBytes = Buffer.from(JSON.stringify(file));
  const configDescriptor = descriptorOf(OCI_CONFIG, configBytes);
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: configDescriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const places = new Map(layers.map(({ descriptor, path }) => [descriptor.digest, path]));
  return {
    names: [],
    descriptor: descriptorOf(OCI_MANIFEST, bytes),
    bytes,
    manifest,
    configBytes,
    diffIds,
    layers: places,
  };
}

const OCI_CONFIG = "application/vnd.oci.image.config.v1+json";

function descriptorOf(mediaType: string, bytes: Buffer): Descriptor {
  return { mediaType, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.length };
}
