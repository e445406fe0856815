import { createHash, hash } from "node:crypto";

/** The longest block rsync asks for; rsync.h:MAX_BLOCK_SIZE. */
export const MAX_BLOCK_LENGTH = 1 << 17;
export const STRONG_LENGTH = 16;

/** The sum that rolls: two 16-bit halves over signed bytes; rsync/checksum.c:get_checksum1. */
export function weakSum(bytes: Int8Array, start: number, end: number): number {
  let first = 0;
  let second = 0;
  for (let i = start; i < end; i++) {
    first = (first + (bytes[i] ?? 0)) | 0;
    second = (second + first) | 0;
  }
  return (first & 0xffff) | (second << 16);
}

/** MD5 of seed and block, the seed first ("proper seed order"); rsync/checksum.c:get_checksum2. */
export function createStrongSum(seed: number): (block: Uint8Array) => Buffer {
  const seeded = Buffer.allocUnsafe(4 + MAX_BLOCK_LENGTH);
  seeded.writeInt32LE(seed | 0);
  const start = seed === 0 ? 4 : 0;
  return (block) => {
    seeded.set(block, 4);
    return hash("md5", seeded.subarray(start, 4 + block.length), "buffer");
  };
}

/** MD5 of a whole file, fed in pieces, without the seed; rsync/checksum.c:sum_init. */
export function createFileSum(): { update(piece: Uint8Array): void; digest(): Buffer } {
  const md5 = createHash("md5");
  return { update: (piece) => void md5.update(piece), digest: () => md5.digest() };
}
