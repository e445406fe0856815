/**
 * fzstd returns all blocks of a chunk at once, and a block of 4 bytes can expand to 2 MiB:
 * with chunks of this size at most 64 MiB wait for the reader.
 */
const CHUNK_BYTES = 128;

/** Decompresses Zstandard frames as RFC 8878 defines them; checksums are not verified. Throws for broken or cut input. */
export async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { Decompress } = await import("fzstd");
  const ready: Uint8Array[] = [];
  const decompress = new Decompress((block) => {
    if (block.length > 0) ready.push(block);
  });
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
      decompress.push(chunk.subarray(at, at + CHUNK_BYTES));
      yield* ready.splice(0);
    }
  }
  decompress.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}
