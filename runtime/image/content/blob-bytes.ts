import { createReadStream, statSync } from "node:fs";
import type { Shim } from "../../host/shim.ts";
import { BadImage } from "../archive/entry.ts";
import { verified } from "../layers/blob.ts";
import { systemFailure } from "../system-failure.ts";
import { damaged } from "./blobs.ts";
import { blobPath } from "./places.ts";

const READ_BYTES = 256 * 1_024;

/**
 * What leaves the store: the bytes of a blob. Throws Failure in place of the last ones where they don't have its digest: a
 * registry that had them all would be the first to say so.
 */
export async function* blobBytes(root: string, digest: string, shim: Shim): AsyncGenerator<Uint8Array> {
  const path = blobPath(root, digest);
  try {
    yield* lastOnceOver(verified(createReadStream(path, { highWaterMark: READ_BYTES }), digest, "blob", shim));
  } catch (error) {
    const isDamaged = error instanceof BadImage || (error as NodeJS.ErrnoException).code === "ENOENT";
    throw isDamaged ? damaged(root, digest) : systemFailure(`can't read ${path}`, root, "image-damaged", error);
  }
}

/** Holds back each piece until there is another, or the source has ended without an error. */
async function* lastOnceOver(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let last: Uint8Array | undefined;
  for await (const piece of source) {
    if (last) yield last;
    last = piece;
  }
  if (last) yield last;
}

/** Throws Failure where it is missing. */
export function blobSize(root: string, digest: string): number {
  const stats = statSync(blobPath(root, digest), { throwIfNoEntry: false });
  if (!stats) throw damaged(root, digest);
  return stats.size;
}
