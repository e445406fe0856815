import { decompress } from "../archive/compression/decompress.ts";
import type { Entry, Whiteout } from "../archive/entry.ts";
import { readTar } from "../archive/tar/tar.ts";
import type { Notes } from "../notes.ts";
import { type Blob, readBlob, verified } from "./blob.ts";
import { withWhiteouts } from "./whiteout.ts";

export interface Layer {
  /** A tar archive, plain or compressed. */
  readonly blob: Blob;
  /** The digest of the uncompressed archive. */
  readonly diffId: string;
}

/** What a layer adds, changes and removes. Both its digests are checked when all of it was read. */
export function readLayer(
  directory: string,
  { blob, diffId }: Layer,
  notes: Notes,
  signal: AbortSignal,
): AsyncIterable<Entry | Whiteout> {
  const archive = verified(decompress(readBlob(directory, blob, signal)), diffId, blob.path);
  return withWhiteouts(readTar(archive, { notes, isVerified: true }));
}
