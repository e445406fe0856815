import { readSync } from "node:fs";
import type { Channel } from "../wire/channel.ts";
import { createFileSum, STRONG_SUM_BYTES } from "../wire/checksum.ts";
import { brokenStream } from "../wire/wire.ts";
import type { Blocks } from "./sums.ts";

/** Literal data is passed on in pieces of this size. */
const PIECE_BYTES_MAX = 64 * 1024;

/** The file here whose blocks the sender was told of. */
export interface Basis {
  readonly file: number;
  readonly blocks: Blocks;
}

/**
 * Reads a file's content, literals and blocks of the basis, and returns whether its checksum is right: the file here, or
 * the one there, may have changed meanwhile; rsync/receiver.c:receive_data.
 */
export async function receiveContent(
  channel: Channel,
  basis: Basis | undefined,
  write: (bytes: Buffer) => void,
): Promise<boolean> {
  const fileSum = createFileSum();
  const take = (bytes: Buffer) => {
    fileSum.update(bytes);
    write(bytes);
  };
  for (let token = await channel.int32(); token !== 0; token = await channel.int32()) {
    if (token < 0) take(blockAt(basis, -(token + 1)));
    for (let left = token; left > 0; left -= PIECE_BYTES_MAX)
      take(await channel.bytes(Math.min(left, PIECE_BYTES_MAX)));
  }
  return (await channel.bytes(STRONG_SUM_BYTES)).equals(fileSum.digest());
}

function blockAt(basis: Basis | undefined, index: number): Buffer {
  if (basis === undefined || index >= basis.blocks.count) throw brokenStream(`the block ${index}`);
  const { count, blockLength, remainder } = basis.blocks;
  const block = Buffer.allocUnsafe(index === count - 1 && remainder > 0 ? remainder : blockLength);
  const read = readSync(basis.file, block, 0, block.length, index * blockLength);
  return block.subarray(0, read);
}
