import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";

const CHUNK_BYTES = 256 * 1_024;

/**
 * Decompresses gzip members (RFC 1952); zlib checks the CRC and the length of each. Zeros may follow, as on tapes; zlib
 * stops there without a look at the rest, so anything else after them is refused here.
 */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const seen = { bytes: 0, afterLastNonZero: 0 };
  const engine = createGunzip({ chunkSize: CHUNK_BYTES });
  try {
    // The reader of the returned stream gets the error too, so the callback has nothing to do.
    yield* pipeline(Readable.from(observed(iterator, seen), { objectMode: false }), engine, () => {});
    for await (const _ of observed(iterator, seen));
  } finally {
    await iterator.return?.();
  }
  if (seen.afterLastNonZero > engine.bytesWritten) throw new Error("more data follows its end");
}

interface Seen {
  bytes: number;
  afterLastNonZero: number;
}

/** Does not close the iterator when it is left early. */
async function* observed(source: AsyncIterator<Uint8Array>, seen: Seen): AsyncGenerator<Uint8Array> {
  for (let read = await source.next(); !read.done; read = await source.next()) {
    const last = read.value.findLastIndex((byte) => byte !== 0);
    if (last >= 0) seen.afterLastNonZero = seen.bytes + last + 1;
    seen.bytes += read.value.length;
    yield read.value;
  }
}
