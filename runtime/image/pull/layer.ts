import { createReadStream, fdatasync, ftruncateSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { makeDirectory } from "../../host/make-directory.ts";
import { openShim } from "../../host/shim.ts";
import { decompress } from "../archive/compression/decompress.ts";
import { BadImage } from "../archive/entry.ts";
import { hasBlob } from "../content/blobs.ts";
import { type DownloadFile, withDownload } from "../content/download-lock.ts";
import { unpackLayer } from "../content/layers.ts";
import { blobPath } from "../content/places.ts";
import { hasLayer } from "../content/stack.ts";
import { isWhole, noteWhole } from "../content/whole-layer.ts";
import { verified } from "../layers/blob.ts";
import type { Descriptor } from "../manifest/kinds.ts";
import type { Notes } from "../notes.ts";
import { ArrivingFile } from "./arriving.ts";
import type { LayerState } from "./progress.ts";

export interface LayerFetch {
  readonly root: string;
  readonly blob: Descriptor;
  /** The digest of the uncompressed archive. */
  readonly diffId: string;
  /** The blob's bytes from that one on. */
  readonly source: (start: number) => AsyncIterable<Uint8Array>;
  readonly notes: Notes;
  readonly signal: AbortSignal;
  readonly progress: (state: LayerState, bytes: number) => void;
}

/** Makes a layer available, as its archive and unpacked, unless it is. Throws BadImage for one that is not what it should be. */
export async function fetchLayer(fetch: LayerFetch): Promise<void> {
  const { root, blob, signal, progress } = fetch;
  if (isWhole(root, fetch)) return progress("present", blob.size);
  const waiting = () => progress("waiting", 0);
  await withDownload(root, blob.digest, { signal, waiting }, async (file) => {
    if (isWhole(root, fetch)) return progress("present", blob.size);
    if (!(await unpackBlob(fetch))) await downloadAndUnpack(fetch, file);
    noteWhole(root, fetch);
    progress("done", blob.size);
  });
}

/** An earlier pull was ended between the two. Returns false where there is none, or it is damaged: it is fetched again. */
async function unpackBlob(fetch: LayerFetch): Promise<boolean> {
  const { root, blob, signal } = fetch;
  if (!hasBlob(root, blob.digest)) return false;
  const archive = createReadStream(blobPath(root, blob.digest), { signal, highWaterMark: READ_BYTES });
  try {
    await unpack(fetch, verified(archive, blob.digest, "layer", await openShim()));
    return true;
  } catch (error) {
    if (error instanceof BadImage) return false;
    throw error;
  }
}

const READ_BYTES = 256 * 1_024;
const synced = promisify(fdatasync);

async function downloadAndUnpack(fetch: LayerFetch, file: DownloadFile): Promise<void> {
  const { root, blob } = fetch;
  try {
    await arrive(fetch, file);
  } catch (error) {
    if (error instanceof BadImage) ftruncateSync(file.fd);
    // What an earlier pull left may be the reason, such as after a loss of power.
    if (!(error instanceof BadImage) || file.bytes === 0) throw error;
    await arriveAgain(fetch, file);
  }
  const path = blobPath(root, blob.digest);
  makeDirectory(dirname(dirname(path)));
  makeDirectory(dirname(path));
  await synced(file.fd);
  renameSync(file.path, path);
}

async function arriveAgain(fetch: LayerFetch, file: DownloadFile): Promise<void> {
  try {
    await arrive(fetch, { ...file, bytes: 0 });
  } catch (error) {
    if (error instanceof BadImage) ftruncateSync(file.fd);
    throw error;
  }
}

/** Downloads and unpacks at the same time. If one fails, the other ends too. */
async function arrive(fetch: LayerFetch, { fd, bytes }: DownloadFile): Promise<void> {
  const arriving = new ArrivingFile(fd, Math.min(bytes, fetch.blob.size));
  const stop = new AbortController();
  const downloading = writeDownload(fetch, fd, arriving, stop.signal);
  try {
    await unpack(fetch, verified(arriving.read(), fetch.blob.digest, "layer", await openShim()));
  } catch (error) {
    // That it is not what was asked for says more than what is wrong with it.
    if (error instanceof BadImage && fetch.blob.size - arriving.bytes < AWAITED_BYTES_MAX)
      for await (const _ of verified(arriving.read(), fetch.blob.digest, "layer"));
    throw error;
  } finally {
    stop.abort();
    await downloading;
  }
}

const AWAITED_BYTES_MAX = 64 * 1_024 ** 2;

/** Never rejects: the reader gets the error. */
async function writeDownload(fetch: LayerFetch, fd: number, arriving: ArrivingFile, stop: AbortSignal): Promise<void> {
  const { blob, source, progress } = fetch;
  let at = arriving.bytes;
  progress("downloading", at);
  try {
    for await (const piece of source(at)) {
      if (stop.aborted) return;
      for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done, piece.length - done, at + done);
      at += piece.length;
      arriving.grew(at);
      progress("downloading", at);
    }
    progress("unpacking", blob.size);
    arriving.end();
  } catch (error) {
    arriving.end(error);
  }
}

/** A layer that is unpacked already is only read, to check its digests. */
async function unpack({ root, diffId, notes, signal }: LayerFetch, archive: AsyncIterable<Uint8Array>): Promise<void> {
  if (!hasLayer(root, diffId)) return unpackLayer(root, diffId, archive, { notes, signal, progress: () => {} });
  const shim = await openShim();
  for await (const _ of verified(decompress(archive, shim), diffId, "layer", shim)) signal.throwIfAborted();
}
