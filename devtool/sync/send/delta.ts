import { weakSum } from "../wire/checksum.ts";

/** The blocks of the receiver's old file: for each a 4-byte weak sum and `strongLength` bytes of the strong one. */
export interface BlockSums {
  readonly count: number;
  readonly blockLength: number;
  readonly strongLength: number;
  /** Length of the last block where it is shorter; 0 where it isn't. */
  readonly remainder: number;
  /** As received: count * (4 + strongLength) bytes. */
  readonly sums: Buffer;
}

/** Receives the parts of the new file, in order. */
export interface DeltaSink {
  literal(bytes: Buffer): void;
  block(index: number): void;
}

/** The search of a bucket ends after this many equal weak sums; rsync/match.c:MAX_CHAIN_LEN. */
const CHAIN_LENGTH_MAX = 1024;

/**
 * Finds blocks of the old file in the new one; rsync/match.c:hash_search.
 * The returned function takes the new file in pieces and returns how many bytes of a piece are done; the rest
 * must begin the next piece. With `final` all of it is done.
 */
export function createMatcher(
  old: BlockSums,
  strongSum: (block: Uint8Array) => Buffer,
): (piece: Buffer, final: boolean, sink: DeltaSink) => number {
  const table = createTable(old);
  const { blockLength, count } = old;
  const lastLength = old.remainder === 0 ? blockLength : old.remainder;

  return (piece, final, sink) => {
    const signed = new Int8Array(piece.buffer, piece.byteOffset, piece.length);
    const lastStart = piece.length - blockLength;
    let done = 0;
    let at = 0;
    let first = 0;
    let second = 0;
    let fresh = true;
    while (at <= lastStart) {
      if (fresh) {
        const sum = weakSum(signed, at, at + blockLength);
        first = sum & 0xffff;
        second = sum >>> 16;
        fresh = false;
      }
      const index = table.find((first & 0xffff) | (second << 16), piece, at, blockLength, strongSum);
      if (index >= 0) {
        if (at > done) sink.literal(piece.subarray(done, at));
        sink.block(index);
        at += blockLength;
        done = at;
        fresh = true;
      } else {
        const leaving = signed[at] ?? 0;
        first = (first + (signed[at + blockLength] ?? 0) - leaving) | 0;
        second = (second + first - blockLength * leaving) | 0;
        at++;
      }
    }
    const tail = piece.length - lastLength;
    const index =
      final && lastLength < blockLength && tail >= done
        ? table.findOne(count - 1, weakSum(signed, tail, piece.length), piece, tail, lastLength, strongSum)
        : -1;
    const literalEnd = index >= 0 ? tail : final ? piece.length : at;
    if (literalEnd > done) sink.literal(piece.subarray(done, literalEnd));
    if (index >= 0) sink.block(index);
    return final ? piece.length : literalEnd;
  };
}

/** Hashes weak sums; blocks with the same hash form a chain, as in rsync/match.c:build_hash_table. */
function createTable(old: BlockSums) {
  const { count, strongLength, sums } = old;
  const recordLength = 4 + strongLength;
  const bits = Math.max(10, 34 - Math.clz32(count));
  const heads = new Int32Array(1 << bits).fill(-1);
  const chain = new Int32Array(count);
  const weak = new Int32Array(count);
  const slot = (sum: number) => Math.imul(sum, 0x9e3779b1) >>> (32 - bits);
  for (let i = count - 1; i >= 0; i--) {
    const sum = sums.readInt32LE(i * recordLength);
    weak[i] = sum;
    const at = slot(sum);
    chain[i] = heads[at] ?? -1;
    heads[at] = i;
  }
  const shortBlock = old.remainder === 0 ? -1 : count - 1;
  const hasStrong = (index: number, strong: Buffer) => {
    const at = index * recordLength + 4;
    return sums.compare(strong, 0, strongLength, at, at + strongLength) === 0;
  };

  return {
    /** The full-length block whose bytes are at `at`, or -1. */
    find(sum: number, piece: Buffer, at: number, length: number, strongSum: (block: Uint8Array) => Buffer): number {
      let strong: Buffer | undefined;
      let steps = 0;
      for (let i = heads[slot(sum)] ?? -1; i >= 0; i = chain[i] ?? -1) {
        if (weak[i] !== sum || i === shortBlock) continue;
        if (++steps > CHAIN_LENGTH_MAX) return -1;
        strong ??= strongSum(piece.subarray(at, at + length));
        if (hasStrong(i, strong)) return i;
      }
      return -1;
    },
    findOne(
      index: number,
      sum: number,
      piece: Buffer,
      at: number,
      length: number,
      strongSum: (block: Uint8Array) => Buffer,
    ): number {
      return weak[index] === sum && hasStrong(index, strongSum(piece.subarray(at, at + length))) ? index : -1;
    },
  };
}
