import { createHash, type Hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Entry, Whiteout } from "../archive/entry.ts";
import { archiveEnd } from "../archive/tar/header-block.ts";
import { writeMembers } from "../archive/tar/write.ts";
import { isPortable } from "../extract/attributes.ts";
import { asEntries } from "../layers/whiteout.ts";
import type { Descriptor } from "../manifest/kinds.ts";

/** Not more of the processor than a disk is worth. */
const LEVEL = 3;
const GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

export interface WrittenLayer {
  readonly descriptor: Descriptor;
  /** Of the archive before its compression. */
  readonly diffId: string;
  readonly path: string;
}

/** Writes the entries as a layer of an image, into a new file. */
export async function writeLayer(
  entries: AsyncIterable<Entry | Whiteout>,
  path: string,
  signal: AbortSignal,
): Promise<WrittenLayer> {
  const [plain, packed] = [createHash("sha256"), createHash("sha256")];
  let size = 0;
  const counted = async function* (pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of hashed(packed, pieces)) {
      size += piece.length;
      yield piece;
    }
  };
  const archive = Readable.from(hashed(plain, archiveOf(entries)), { objectMode: false });
  await pipeline(archive, createGzip({ level: LEVEL }), counted, createWriteStream(path, { mode: 0o600 }), { signal });
  const digest = `sha256:${packed.digest("hex")}`;
  return { descriptor: { mediaType: GZIP_LAYER, digest, size }, diffId: `sha256:${plain.digest("hex")}`, path };
}

async function* archiveOf(entries: AsyncIterable<Entry | Whiteout>): AsyncGenerator<Uint8Array> {
  yield* writeMembers(portable(asEntries(entries)));
  yield archiveEnd();
}

async function* portable(entries: AsyncIterable<Entry>): AsyncGenerator<Entry> {
  for await (const entry of entries) yield { ...entry, attributes: entry.attributes.filter(isPortable) };
}

async function* hashed(hash: Hash, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
