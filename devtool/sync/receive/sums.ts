import { readSync } from "node:fs";
import { BLOCK_BYTES_MAX, STRONG_SUM_BYTES, weakSum } from "../wire/checksum.ts";
import type { ByteWriter } from "../wire/wire.ts";

/** The blocks that a file here is compared by. */
export interface Blocks {
  readonly count: number;
  readonly blockLength: number;
  readonly strongLength: number;
  /** Length of the last block where it is shorter; 0 where it isn't. */
  readonly remainder: number;
}

export const NO_BLOCKS: Blocks = { count: 0, blockLength: 0, strongLength: 0, remainder: 0 };

/** rsync.h: BLOCK_SIZE, SHORT_SUM_LENGTH, BLOCKSUM_BIAS. */
const BLOCK_BYTES_MIN = 700;
const STRONG_BYTES_MIN = 2;
const BIAS_BITS = 10;
const WEAK_BITS = 32;

/** Blocks of about the square root of the file's length; rsync/generator.c:sum_sizes_sqroot. `isWhole`: with the whole strong sums. */
export function blocksOf(length: number, isWhole: boolean): Blocks {
  const root = Math.floor(Math.sqrt(length) / 8) * 8;
  const blockLength = Math.min(Math.max(BLOCK_BYTES_MIN, root), BLOCK_BYTES_MAX);
  const bits = BIAS_BITS + 2 * Math.floor(Math.log2(Math.max(length, 1))) - Math.floor(Math.log2(blockLength));
  const enough = Math.max(STRONG_BYTES_MIN, Math.ceil((bits + 1 - WEAK_BITS) / 8));
  return {
    count: Math.ceil(length / blockLength),
    blockLength,
    strongLength: isWhole ? STRONG_SUM_BYTES : Math.min(enough, STRONG_SUM_BYTES),
    remainder: length % blockLength,
  };
}

export function writeHead({ count, blockLength, strongLength, remainder }: Blocks, out: ByteWriter): void {
  for (const value of [count, blockLength, strongLength, remainder]) out.int32(value);
}

/** The sums of a file's blocks; rsync/generator.c:generate_and_send_sums. A file that is shorter now has wrong ones. */
export function writeSums(
  { count, blockLength, strongLength, remainder }: Blocks,
  file: number,
  strongSum: (block: Uint8Array) => Buffer,
  out: ByteWriter,
): void {
  const block = Buffer.alloc(blockLength);
  for (let index = 0; index < count; index++) {
    const length = index === count - 1 && remainder > 0 ? remainder : blockLength;
    readSync(file, block, 0, length, index * blockLength);
    out.int32(weakSum(new Int8Array(block.buffer, block.byteOffset, length), 0, length));
    out.bytes(strongSum(block.subarray(0, length)).subarray(0, strongLength));
  }
}
