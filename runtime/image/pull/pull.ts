import { createHash } from "node:crypto";
import { parseJson } from "../../shape.ts";
import { BadImage } from "../archive/entry.ts";
import { hasBlob, readBlob, writeBlob } from "../content/blobs.ts";
import { beginName, readName } from "../content/names.ts";
import { hasLayer } from "../content/stack.ts";
import { type Layer, layersOf } from "../content/stored-image.ts";
import { type ConfigFile, isConfigFile, thisArchitecture } from "../layers/config-file.ts";
import type { Descriptor, Manifest } from "../manifest/kinds.ts";
import { Notes } from "../notes.ts";
import { download } from "../registry/download.ts";
import { broken, type FoundImage, findImage } from "../registry/find-image.ts";
import { familiarName, fullName, type Reference } from "../registry/reference.ts";
import { openSession, type Repository } from "../registry/repository.ts";
import { systemFailure } from "../system-failure.ts";
import { inParallel } from "./in-parallel.ts";
import type { LayerProgress } from "./progress.ts";

export interface Pull {
  /** stateRoot(). */
  readonly root: string;
  readonly reference: Reference;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly progress: (layer: LayerProgress) => void;
  /** For tests: how long a registry may say nothing, and the pauses before further tries; in milliseconds. */
  readonly silence?: number;
  readonly pauses?: readonly number[];
}

export interface Pulled {
  readonly name: string;
  readonly manifest: Descriptor;
  /** The digest of its configuration, which docker calls the image's id. */
  readonly id: string;
  /** The name meant this image already, and all of it was there. */
  readonly upToDate: boolean;
  readonly notes: Notes;
}

/** How many layers are fetched at the same time, as docker does. */
const LAYERS_AT_ONCE = 3;

/**
 * Fetches an image from its registry, completely or not at all; what had arrived when it was ended is used by the next pull.
 * Throws Failure (exit 125), or the signal's reason.
 */
export async function pullImage(pull: Pull): Promise<Pulled> {
  const { root, reference } = pull;
  const what = `can't pull ${familiarName(reference)}`;
  const stop = new AbortController();
  const signal = AbortSignal.any([pull.signal, stop.signal]);
  const session = await openSession(reference, { ...pull, signal, actions: "pull" });
  try {
    const image = await findImage(session.repositories, reference, what, (digest) => readBlob(root, digest));
    return await fetchImage({ ...pull, signal }, image, what, stop);
  } catch (error) {
    pull.signal.throwIfAborted();
    if (error instanceof BadImage) throw broken(what, error.message);
    throw systemFailure(what, root, "import-failed", error);
  } finally {
    session.close();
  }
}

async function fetchImage(pull: Pull, image: FoundImage, what: string, stop: AbortController): Promise<Pulled> {
  const { root, reference } = pull;
  const name = fullName(reference);
  const { descriptor: manifest } = image;
  const pulled = { name, manifest, id: image.manifest.config.digest };
  const stored = readName(root, name)?.manifest.digest === manifest.digest ? storedParts(root, image) : undefined;
  if (stored) return { ...pulled, upToDate: true, notes: reportPresent(pull, stored) };
  const notes = new Notes();
  // Loaded only now, which takes longer than all that is done for an image that is here.
  const { clearUnderWay } = await import("../content/clear.ts");
  await clearUnderWay(root);
  const naming = beginName(root, { name, manifest, since: new Date().toISOString() });
  try {
    writeBlob(root, manifest.digest, image.bytes);
    const config = await fetchConfig(root, image, what);
    noteSettings(config, notes);
    await fetchLayers({ ...pull, notes, what, stop }, image, config);
    naming.publish();
    return { ...pulled, upToDate: false, notes };
  } catch (error) {
    naming.drop();
    throw error;
  }
}

interface StoredParts {
  readonly config: ConfigFile;
  readonly layers: readonly Layer[];
}

/** Undefined: not all of it is here. */
function storedParts(root: string, { manifest }: FoundImage): StoredParts | undefined {
  const config = parseJson(readBlob(root, manifest.config.digest)?.toString("utf8") ?? "");
  if (!isConfigFile(config)) return undefined;
  const layers = layersOf({ manifest, config });
  const isHere = layers.every(({ blob, diffId }) => hasLayer(root, diffId) && hasBlob(root, blob.digest));
  return isHere ? { config, layers } : undefined;
}

function reportPresent({ progress }: Pull, { config, layers }: StoredParts): Notes {
  for (const { blob } of layers) progress({ digest: blob.digest, state: "present", bytes: blob.size, size: blob.size });
  const notes = new Notes();
  noteSettings(config, notes);
  return notes;
}

interface LayersPull extends Pull {
  readonly notes: Notes;
  readonly what: string;
  /** Ends the fetching of all layers. */
  readonly stop: AbortController;
}

async function fetchLayers(
  { root, signal, progress, notes, what, stop }: LayersPull,
  { repository, manifest }: FoundImage,
  config: ConfigFile,
): Promise<void> {
  const { fetchLayer } = await import("./layer.ts");
  // One that an image has twice is fetched once.
  const layers = new Map(layersOf({ manifest, config }).map((layer) => [layer.blob.digest, layer]));
  await inParallel([...layers.values()], LAYERS_AT_ONCE, stop, async ({ blob, diffId }) => {
    const { digest, size } = blob;
    await fetchLayer({
      root,
      blob,
      diffId,
      notes,
      signal,
      source: (start) => download(repository, blob, start, what),
      progress: (state, bytes) => progress({ digest, state, bytes, size }),
    });
  });
}

async function fetchConfig(root: string, { repository, manifest }: FoundImage, what: string): Promise<ConfigFile> {
  const { digest } = manifest.config;
  const bytes = readBlob(root, digest) ?? (await fetchBytes(repository, manifest.config, what));
  const config = parseJson(bytes.toString("utf8"));
  if (!isConfigFile(config)) throw broken(what, `its configuration ${digest} is not what its format says`);
  checkConfig(config, manifest, what);
  if (!hasBlob(root, digest)) writeBlob(root, digest, bytes);
  return config;
}

async function fetchBytes(repository: Repository, blob: Descriptor, what: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of download(repository, blob, 0, what)) pieces.push(piece);
  const bytes = Buffer.concat(pieces);
  const [algorithm = "", hex] = blob.digest.split(":");
  if (createHash(algorithm).update(bytes).digest("hex") === hex) return bytes;
  throw broken(what, `its configuration does not match its digest ${blob.digest}`);
}

function checkConfig({ os, rootfs }: ConfigFile, { layers }: Manifest, what: string): void {
  if (os !== "linux") throw broken(what, `it is for ${os}, not for Linux`);
  const diffIds = rootfs.diff_ids;
  if (diffIds.length !== layers.length)
    throw broken(what, `its configuration names ${diffIds.length} layers, and it has ${layers.length}`);
  const bad = diffIds.find((diffId) => !/^sha256:[a-f0-9]{64}$/.test(diffId));
  if (bad !== undefined) throw broken(what, `${JSON.stringify(bad)} is not the digest of a layer`);
}

function noteSettings({ os, architecture }: ConfigFile, notes: Notes): void {
  if (architecture !== thisArchitecture()) notes.add("platform", `${os}/${architecture}`);
}
