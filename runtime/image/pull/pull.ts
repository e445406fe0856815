import { parseWithoutNulls } from "../../shape.ts";
import { BadImage } from "../archive/entry.ts";
import { readBlob } from "../content/blobs.ts";
import { beginName, readName, registryDigest } from "../content/names.ts";
import { type Layer, layersOf } from "../content/stored-image.ts";
import { isWhole } from "../content/whole-layer.ts";
import { type ConfigFile, isConfigFile, notePlatform } from "../layers/config-file.ts";
import type { Descriptor } from "../manifest/kinds.ts";
import { Notes } from "../notes.ts";
import { broken, type FoundImage, findImage } from "../registry/find-image.ts";
import { familiarName, fullName } from "../registry/reference.ts";
import { openSession } from "../registry/repository.ts";
import { systemFailure } from "../system-failure.ts";
import type { Pull } from "./request.ts";

export interface Pulled {
  readonly name: string;
  readonly manifest: Descriptor;
  /** Of the manifest, or of the index in which the registry has it. */
  readonly digest: string;
  /** The digest of its configuration, which docker calls the image's id. */
  readonly id: string;
  /** The name meant this image already, and all of it was there. */
  readonly upToDate: boolean;
  readonly notes: Notes;
}

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
    const name = fullName(reference);
    const named = readName(root, name);
    const stored = { blob: (digest: string) => readBlob(root, digest), named };
    const image = await findImage(session.repositories, reference, what, stored);
    const { manifest } = image.origin;
    const digest = registryDigest(image.origin);
    const pulled = { name, manifest, digest, id: image.manifest.config.digest };
    const here = named?.manifest.digest === manifest.digest && storedParts(root, image);
    if (here) {
      if (registryDigest(named) !== digest) beginName(root, { ...image.origin, name, since: named.since }).publish();
      return { ...pulled, upToDate: true, notes: reportPresent(pull, here) };
    }
    // Loaded only now, which takes longer than all that is done for an image that is here.
    const { fetchImage } = await import("./fetch.ts");
    await pull.fetching?.();
    return { ...pulled, upToDate: false, notes: await fetchImage({ ...pull, signal, what, stop }, image) };
  } catch (error) {
    pull.signal.throwIfAborted();
    if (error instanceof BadImage) throw broken(what, error.message);
    throw systemFailure(what, root, "import-failed", error);
  } finally {
    session.close();
  }
}

interface StoredParts {
  readonly config: ConfigFile;
  readonly layers: readonly Layer[];
}

/** Undefined: not all of it is here. */
function storedParts(root: string, { manifest }: FoundImage): StoredParts | undefined {
  const config = parseWithoutNulls(readBlob(root, manifest.config.digest)?.toString("utf8") ?? "");
  if (!isConfigFile(config)) return undefined;
  const layers = layersOf({ manifest, config });
  return layers.every((layer) => isWhole(root, layer)) ? { config, layers } : undefined;
}

function reportPresent({ progress }: Pull, { config, layers }: StoredParts): Notes {
  for (const { blob } of layers) progress({ digest: blob.digest, state: "present", bytes: blob.size, size: blob.size });
  const notes = new Notes();
  notePlatform(config, notes);
  return notes;
}
