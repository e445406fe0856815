import { createHash } from "node:crypto";
import { imageEvent } from "../../events/image.ts";
import { parseWithoutNulls } from "../../shape.ts";
import { hasBlob, readBlob, writeBlob } from "../content/blobs.ts";
import { clearUnderWay } from "../content/clear.ts";
import { beginName } from "../content/names.ts";
import { layersOf } from "../content/stored-image.ts";
import { type ConfigFile, checkSystem, diffIdsOf, isConfigFile, notePlatform } from "../layers/config-file.ts";
import type { Descriptor } from "../manifest/kinds.ts";
import { Notes } from "../notes.ts";
import { download } from "../registry/download.ts";
import { broken, type FoundImage } from "../registry/find-image.ts";
import { familiarName, fullName } from "../registry/reference.ts";
import type { Repository } from "../registry/repository.ts";
import { inParallel } from "./in-parallel.ts";
import { fetchLayer } from "./layer.ts";
import type { Pull } from "./request.ts";

/** How many layers are fetched at the same time, as docker does. */
const LAYERS_AT_ONCE = 3;

export interface Fetch extends Pull {
  /** "can't pull NAME" */
  readonly what: string;
  /** Ends the fetching of all layers. */
  readonly stop: AbortController;
}

/** Fetches what is missing of an image, and then gives it its name. */
export async function fetchImage(fetch: Fetch, image: FoundImage): Promise<Notes> {
  const { root, reference, what } = fetch;
  const { origin } = image;
  const notes = new Notes();
  await clearUnderWay(root);
  const naming = beginName(root, { name: fullName(reference), ...origin, since: new Date().toISOString() });
  try {
    writeBlob(root, origin.manifest.digest, image.bytes);
    const config = await fetchConfig(root, image, what);
    notePlatform(config, notes);
    await fetchLayers(fetch, image, config, notes);
    imageEvent(root, "pull", familiarName(reference));
    naming.publish();
    return notes;
  } catch (error) {
    naming.drop();
    throw error;
  }
}

async function fetchLayers(
  { root, signal, progress, what, stop }: Fetch,
  { repository, manifest }: FoundImage,
  config: ConfigFile,
  notes: Notes,
): Promise<void> {
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
  const config = parseWithoutNulls(bytes.toString("utf8"));
  if (!isConfigFile(config)) throw broken(what, `its configuration ${digest} is not what its format says`);
  checkSystem(config);
  diffIdsOf(config, manifest.layers.length);
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
