import { createHash, hash } from "node:crypto";

/** The longest block rsync asks for; rsync.h:MAX_BLOCK_SIZE. */
export const BLOCK_BYTES_MAX = 1 << 17;
export const STRONG_SUM_BYTES = 16;

/** The rolling checksum: two 16-bit halves over signed bytes; rsync/checksum.c:get_checksum1. */
export function weakSum(bytes: Int8Array, start: number, end: number): number {
  let first = 0;
  let second = 0;
  for (let i = start; i < end; i++) {
    first = (first + (bytes[i] ?? 0)) | 0;
    second = (second + first) | 0;
  }
  return (first & 0xffff) | (second << 16);
}

/** How blocks are summed: rsync 3.1 and newer put the seed first ("proper seed order"). */
export interface Seed {
  readonly value: number;
  readonly isFirst: boolean;
}

/** MD5 of seed and block; rsync/checksum.c:get_checksum2. */
export function createStrongSum(seed: Seed): (block: Uint8Array) => Buffer {
  const bytes = Buffer.allocUnsafe(4 + BLOCK_BYTES_MAX + 4);
  bytes.writeInt32LE(seed.value, 0);
  return (block) => {
    bytes.set(block, 4);
    const end = 4 + block.length;
    if (seed.value === 0) return hash("md5", bytes.subarray(4, end), "buffer");
    if (seed.isFirst) return hash("md5", bytes.subarray(0, end), "buffer");
    bytes.writeInt32LE(seed.value, end);
    return hash("md5", bytes.subarray(4, end + 4), "buffer");
  };
}

/** MD5 of a whole file, as latin1, which takes less time than a buffer; rsync/checksum.c:sum_init. */
export function sumOfFile(content: Uint8Array): string {
  return hash("md5", content, "binary");
}

/** MD5 of a whole file, fed in pieces, without the seed. */
export function createFileSum(): { update(piece: Uint8Array): void; digest(): Buffer } {
  const md5 = createHash("md5");
  return { update: (piece) => void md5.update(piece), digest: () => md5.digest() };
}
