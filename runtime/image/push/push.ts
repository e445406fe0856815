import { imageEvent } from "../../events/image.ts";
import { Failure } from "../../failure.ts";
import { openShim } from "../../host/shim.ts";
import { blobBytes } from "../content/blob-bytes.ts";
import { readBlob } from "../content/blobs.ts";
import { partsOf } from "../content/in-use.ts";
import { allNames } from "../content/names.ts";
import { findStored, type StoredImage } from "../content/stored-image.ts";
import type { Descriptor } from "../manifest/kinds.ts";
import { inParallel } from "../pull/in-parallel.ts";
import type { LayerProgress } from "../pull/progress.ts";
import { familiarName, fullName, parseReference, type Reference } from "../registry/reference.ts";
import { ask, openSession, type Repository } from "../registry/repository.ts";
import { uploadBlob, uploadManifest } from "../registry/upload.ts";
import { systemFailure } from "../system-failure.ts";

export interface Push {
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

const LAYERS_AT_ONCE = 3;

/** Sends an image to its registry, byte for byte as it came. Returns its manifest. Throws Failure, or the signal's reason. */
export async function pushImage(push: Push): Promise<Descriptor> {
  const { root, reference } = push;
  const what = `can't push ${familiarName(reference)}`;
  const image = findStored(root, fullName(reference));
  if (!image)
    throw new Failure(`there is no image ${familiarName(reference)} of layers`, {
      code: "image-not-found",
      remedy: "tinydocker image ls lists the images, and tinydocker tag gives one that name",
    });
  const stop = new AbortController();
  const signal = AbortSignal.any([push.signal, stop.signal]);
  const session = await openSession(reference, { ...push, signal, actions: "pull,push" });
  try {
    const repository = await answering(session.repositories, image.id);
    const sent = await send(push, repository, image, what, stop);
    imageEvent(root, "push", familiarName(reference));
    return sent;
  } catch (error) {
    push.signal.throwIfAborted();
    throw systemFailure(what, root, "import-failed", error);
  } finally {
    session.close();
  }
}

/** The first that answers: an insecure registry may speak plain HTTP only. */
async function answering([first, ...others]: readonly Repository[], digest: string): Promise<Repository> {
  if (!first) throw new Failure("there is no registry to ask", { code: "internal" });
  try {
    (await ask(first, `blobs/${digest}`, { method: "HEAD" })).discard();
    return first;
  } catch (error) {
    if (others.length === 0 || !(error instanceof Failure) || error.code !== "registry-unreachable") throw error;
    return answering(others, digest);
  }
}

async function send(
  { root, reference, progress }: Push,
  repository: Repository,
  { named, manifest }: StoredImage,
  what: string,
  stop: AbortController,
): Promise<Descriptor> {
  const bytes = readBlob(root, named.manifest.digest);
  if (!bytes) throw new Failure(`${what}: its manifest is missing`, { code: "image-damaged" });
  const { layers, config } = manifest;
  const shim = await openShim();
  const sources = sourcesOf(root, reference);
  const blobs = [...new Map([...layers, config].map((blob) => [blob.digest, blob])).values()];
  await inParallel(blobs, LAYERS_AT_ONCE, stop, async (blob) => {
    const report = (state: LayerProgress["state"], sent: number) => {
      if (blob !== config) progress({ digest: blob.digest, state, bytes: sent, size: blob.size });
    };
    const content = () => counted(blobBytes(root, blob.digest, shim), (sent) => report("uploading", sent));
    const upload = { blob, content, from: sources.get(blob.digest) };
    report((await uploadBlob(repository, upload, what)) ? "done" : "present", blob.size);
  });
  await uploadManifest(repository, reference.tag ?? named.manifest.digest, named.manifest, bytes, what);
  return named.manifest;
}

/** By the digest of a blob: another repository of that registry which has it, if the images here are from there. */
function sourcesOf(root: string, reference: Reference): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  for (const named of allNames(root)) {
    const { domain, path } = parseReference(named.name);
    if (domain !== reference.domain || path === reference.path) continue;
    for (const digest of partsOf(root, named).blobs) sources.set(digest, path);
  }
  return sources;
}

async function* counted(content: AsyncIterable<Uint8Array>, sent: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of content) {
    sent(bytes);
    bytes += piece.length;
    yield piece;
  }
}
