import { ByteReader } from "../byte-reader.ts";
import { Xxh64 } from "./xxh64.ts";
import { exactly, type Frame, readFrameHeader } from "./zstd-frame.ts";
import { hasEndlessWeights } from "./zstd-weights.ts";

/**
 * Decompresses Zstandard frames (RFC 8878) and checks what they tell: the checksum and the size of the content, and of each
 * block. fzstd decodes blocks and checks none of that. Throws when it is broken, BadImage when it can't be read here.
 */
export async function* unzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(source);
  try {
    for (let frame = await readFrameHeader(reader); frame; frame = await readFrameHeader(reader))
      yield* contentOf(frame, reader);
  } finally {
    await reader.close();
  }
}

async function* contentOf(frame: Frame, reader: ByteReader): AsyncGenerator<Uint8Array> {
  const hash = new Xxh64();
  let length = 0;
  for await (const block of blocksOf(frame, reader)) {
    length += block.length;
    if (frame.checksum) hash.update(block);
    yield block;
  }
  if (frame.contentBytes !== undefined && frame.contentBytes !== length)
    throw new Error("it does not have the length that it tells");
  if (frame.checksum && (await exactly(reader, 4)).readUInt32LE() !== hash.low32())
    throw new Error("it does not match its checksum");
}

const BLOCK_HEADER_BYTES = 3;
const RLE = 1;
const COMPRESSED = 2;

async function* blocksOf(frame: Frame, reader: ByteReader): AsyncGenerator<Buffer> {
  const { Decompress } = await import("fzstd");
  const decoded: Buffer[] = [];
  const decompress = new Decompress((block) => {
    if (block.length > 0) decoded.push(Buffer.from(block.buffer, block.byteOffset, block.byteLength));
  });
  decompress.push(frame.header);
  for (let isLast = false; !isLast; ) {
    const header = await exactly(reader, BLOCK_HEADER_BYTES);
    const bits = header.readUIntLE(0, BLOCK_HEADER_BYTES);
    isLast = (bits & 1) === 1;
    const [type, size] = [(bits >> 1) & 0b11, bits >> 3];
    if (size > frame.blockBytesMax) throw new Error("a block is too large");
    const block = await exactly(reader, type === RLE ? 1 : size);
    if (type === COMPRESSED && hasEndlessWeights(block)) throw new Error("the Huffman code of a block is broken");
    decompress.push(header);
    decompress.push(block, isLast);
    yield* decoded.splice(0);
  }
}
