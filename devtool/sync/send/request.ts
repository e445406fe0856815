import { BLOCK_BYTES_MAX, STRONG_SUM_BYTES } from "../wire/checksum.ts";
import { type Entry, isRegular } from "../wire/entry.ts";
import { ITEM, type Item, parseItem } from "../wire/item.ts";
import { brokenStream, type IndexDecoder, type Parse } from "../wire/wire.ts";
import type { BlockSums } from "./delta.ts";

export interface RequestTerms {
  readonly entries: readonly (Entry | undefined)[];
  readonly received: IndexDecoder;
  /** The receiver asks for contents and wants none. */
  readonly isDryRun: boolean;
}

export interface Request {
  readonly item: Item;
  /** Of the receiver's old file, where it wants the content. */
  readonly old: BlockSums | undefined;
}

/** Undefined at the end of a phase. `mayTransfer`: contents may still be asked for. */
export function* parseRequest(
  { received, entries, isDryRun }: RequestTerms,
  mayTransfer: boolean,
): Parse<Request | undefined> {
  const item = yield* parseItem(received, entries.length);
  if (item === undefined) return undefined;
  if ((item.flags & ITEM.transfer) === 0) return { item, old: undefined };
  const entry = entries[item.index];
  if (entry === undefined || !isRegular(entry) || !mayTransfer)
    throw brokenStream(`a request for the content of entry ${item.index}`);
  return { item, old: isDryRun ? undefined : yield* parseSums() };
}

const BLOCKS_MAX = 1 << 22;

/** rsync/io.c:read_sum_head and rsync/sender.c:receive_sums. */
function* parseSums(): Parse<BlockSums> {
  const head = yield 16;
  const count = head.readInt32LE(0);
  const blockLength = head.readInt32LE(4);
  const strongLength = head.readInt32LE(8);
  const remainder = head.readInt32LE(12);
  const isValid =
    count >= 0 &&
    count <= BLOCKS_MAX &&
    blockLength >= (count === 0 ? 0 : 1) &&
    blockLength <= BLOCK_BYTES_MAX &&
    strongLength >= 0 &&
    strongLength <= STRONG_SUM_BYTES &&
    remainder >= 0 &&
    remainder <= blockLength;
  if (!isValid) throw brokenStream(`sums of ${count} blocks of ${blockLength} bytes`);
  return { count, blockLength, strongLength, remainder, sums: yield count * (4 + strongLength) };
}
