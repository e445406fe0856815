import type { Channel } from "./channel.ts";
import { brokenStream, INDEX, type IndexDecoder, type IndexEncoder, type Parse, varint } from "./wire.ts";

/** What a request or an answer about one entry is about; rsync.h:ITEM_*. */
export const ITEM = {
  basisTypeFollows: 1 << 11,
  nameFollows: 1 << 12,
  isNew: 1 << 13,
  localChange: 1 << 14,
  transfer: 1 << 15,
} as const;

export interface Item {
  readonly index: number;
  readonly flags: number;
  readonly basisType: number | undefined;
  readonly name: Buffer | undefined;
}

/** Of one of `count` entries; undefined at the end of a phase; rsync/rsync.c:read_ndx_and_attrs. */
export function* parseItem(decoder: IndexDecoder, count: number): Parse<Item | undefined> {
  let index = yield* decoder.decode();
  while (index === INDEX.deleteStatistics) {
    for (let i = 0; i < DELETE_STATISTICS; i++) yield* varint();
    index = yield* decoder.decode();
  }
  if (index === INDEX.done) return undefined;
  if (index < 0 || index >= count) throw brokenStream(`the file index ${index}`);
  const flags = (yield 2).readUInt16LE(0);
  const basisType = (flags & ITEM.basisTypeFollows) === 0 ? undefined : (yield 1).readUInt8(0);
  const name = (flags & ITEM.nameFollows) === 0 ? undefined : yield* vstring();
  return { index, flags, basisType, name };
}

/** How many of each kind were deleted; rsync/main.c:write_del_stats. */
const DELETE_STATISTICS = 5;

/** rsync/io.c:read_vstring. */
function* vstring(): Parse<Buffer> {
  const first = (yield 1).readUInt8(0);
  return yield first < 0x80 ? first : ((first & 0x7f) << 8) + (yield 1).readUInt8(0);
}

/** rsync/sender.c:write_ndx_and_attrs. */
export function writeItem({ out }: Channel, encoder: IndexEncoder, item: Item): void {
  encoder.encode(item.index, out);
  out.int16(item.flags);
  if (item.basisType !== undefined) out.byte(item.basisType);
  if (item.name === undefined) return;
  if (item.name.length > 0x7f) out.byte((item.name.length >>> 8) + 0x80);
  out.byte(item.name.length & 0xff);
  out.bytes(item.name);
}
