import type { ByteReader } from "../byte-reader.ts";
import { BadImage } from "../entry.ts";
import { type Content, cutShort, type Extent, type SparseMap } from "./content.ts";
import { BLOCK_BYTES, type Header, number } from "./header.ts";
import type { Member } from "./member.ts";
import type { PaxRecords } from "./pax.ts";

/** A map as the archive has it. */
interface StoredMap extends SparseMap {
  /** Bytes of the entry's content that were read for the map. */
  readonly mapBytes: number;
}

/** More is not a file that a program wrote; a map takes 24 bytes of the archive for each. */
const EXTENTS_MAX = 1_000_000;
/** The largest file of ext4. */
const FILE_BYTES_MAX = 16 * 1_024 ** 4;

/** The map of a sparse file in any of GNU tar's four formats, by its manual's "Storing Sparse Files"; undefined for others. */
export async function readSparseMap(
  { header, size: stored, records, pax, content }: Member,
  reader: ByteReader,
): Promise<SparseMap | undefined> {
  if (header.type === "S") return checked(await readOldMap(header, reader), stored);
  if (pax.get("GNU.sparse.major") === "1") return checked(await readLeadingMap(pax, content), stored);
  const size = pax.get("GNU.sparse.size");
  if (size === undefined) return undefined;
  const map = pax.get("GNU.sparse.map");
  const numbers = map === undefined ? repeated(records) : map.split(",").map(whole);
  return checked({ size: whole(size), extents: paired(numbers), mapBytes: 0 }, stored);
}

/** The old format: four extents in the header, and blocks of 21 after it. */
async function readOldMap({ block }: Header, reader: ByteReader): Promise<StoredMap> {
  const extents = extentsAt(block, OLD.inHeader, OLD.extentsInHeader);
  for (let more = block[OLD.headerIsExtended] !== 0; more; ) {
    const next = await reader.take(BLOCK_BYTES);
    if (next.length < BLOCK_BYTES) throw cutShort();
    extents.push(...extentsAt(next, 0, OLD.extentsInBlock));
    if (extents.length > EXTENTS_MAX) throw tooMany();
    more = next[OLD.blockIsExtended] !== 0;
  }
  return { size: number(block, OLD.size, OLD.fieldBytes), extents, mapBytes: 0 };
}

/** tar.h of GNU tar: struct oldgnu_header and struct sparse_header. */
const OLD = {
  inHeader: 386,
  extentsInHeader: 4,
  headerIsExtended: 482,
  size: 483,
  extentsInBlock: 21,
  blockIsExtended: 504,
  fieldBytes: 12,
};

function extentsAt(block: Buffer, start: number, count: number): Extent[] {
  const bytes = OLD.fieldBytes;
  const extents: Extent[] = [];
  for (let at = start; extents.length < count && block[at] !== 0; at += 2 * bytes)
    extents.push({ offset: number(block, at, bytes), length: number(block, at + bytes, bytes) });
  return extents;
}

/** pax format 1.0: decimal numbers, one a line, before the content, filled up to a block; the first is the number of extents. */
async function readLeadingMap(pax: ReadonlyMap<string, string>, content: Content): Promise<StoredMap> {
  const numbers: number[] = [];
  let mapBytes = 0;
  let line = "";
  while (numbers.length < 1 + 2 * (numbers[0] ?? 0)) {
    const lines = (line + (await content.take(BLOCK_BYTES)).toString("latin1")).split("\n");
    line = lines.pop() ?? "";
    for (const digits of lines) numbers.push(whole(digits));
    mapBytes += BLOCK_BYTES;
    if (numbers.length > 1 + 2 * EXTENTS_MAX) throw tooMany();
    if (line.length > BLOCK_BYTES) throw malformed();
  }
  const [count = 0, ...rest] = numbers;
  const extents = paired(rest.slice(0, 2 * count));
  return { size: whole(pax.get("GNU.sparse.realsize") ?? ""), extents, mapBytes };
}

/** pax format 0.0: a record for each number. */
function repeated(records: PaxRecords): number[] {
  const isNumber = (keyword: string) => keyword === "GNU.sparse.offset" || keyword === "GNU.sparse.numbytes";
  return records.filter(([keyword]) => isNumber(keyword)).map(([, value]) => whole(value));
}

function paired(numbers: readonly number[]): Extent[] {
  if (numbers.length % 2 !== 0) throw malformed();
  return Array.from({ length: numbers.length / 2 }, (_, index) => ({
    offset: numbers[2 * index] ?? 0,
    length: numbers[2 * index + 1] ?? 0,
  }));
}

function whole(digits: string): number {
  if (!/^\d{1,15}$/.test(digits)) throw malformed();
  return Number(digits);
}

/** `stored`: the size of the entry's content. */
function checked(map: StoredMap, stored: number): SparseMap {
  let end = 0;
  let bytes = map.mapBytes;
  for (const { offset, length } of map.extents) {
    if (!(offset >= end && length >= 0)) throw malformed();
    end = offset + length;
    bytes += length;
  }
  if (!(end <= map.size && bytes === stored)) throw malformed();
  if (map.size > FILE_BYTES_MAX) throw new BadImage("it contains a sparse file of over 16 TiB");
  return map;
}

function malformed(): BadImage {
  return new BadImage("it is broken (the map of a sparse file is malformed)");
}

function tooMany(): BadImage {
  return new BadImage(`it contains a sparse file of over ${EXTENTS_MAX.toLocaleString("en")} parts`);
}
