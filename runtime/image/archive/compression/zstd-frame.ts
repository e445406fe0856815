import type { ByteReader } from "../byte-reader.ts";
import { BadImage } from "../entry.ts";

const MAGIC = 0xfd2fb528;
/** A skippable frame, as pzstd writes first: 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE = 0x184d2a50;
/** As zstd's own limit. A frame needs a window of that size in memory, whatever the size of its content. */
const WINDOW_BYTES_MAX = 128 * 1_024 ** 2;

/** RFC 8878 §3.1.1.1. */
export interface Frame {
  /** The header's bytes, without the checksum flag. */
  readonly header: Buffer;
  readonly checksum: boolean;
  /** Of its content; undefined: not told. */
  readonly contentBytes: number | undefined;
  readonly blockBytesMax: number;
}

const BLOCK_BYTES_MAX = 128 * 1_024;
const CHECKSUM_FLAG = 0b100;
const RESERVED_FLAG = 0b1000;

/** The next frame's header, after any skippable frames; undefined at the end of the source. */
export async function readFrameHeader(reader: ByteReader): Promise<Frame | undefined> {
  for (;;) {
    const magic = await reader.take(4);
    if (magic.length === 0) return undefined;
    if (magic.length < 4) throw cut();
    const number = magic.readUInt32LE();
    if (number === MAGIC) return await readRest(reader, magic);
    if ((number & ~0xf) >>> 0 !== SKIPPABLE) throw new Error("more data follows its end");
    const length = (await exactly(reader, 4)).readUInt32LE();
    if ((await reader.skip(length)) < length) throw cut();
  }
}

async function readRest(reader: ByteReader, magic: Buffer): Promise<Frame> {
  const descriptor = (await exactly(reader, 1)).readUInt8();
  const isSingleSegment = (descriptor & 0b10_0000) !== 0;
  const sizeFlag = descriptor >> 6;
  const window = await exactly(reader, isSingleSegment ? 0 : 1);
  const dictionary = await exactly(reader, [0, 1, 2, 4][descriptor & 0b11] ?? 0);
  const size = await exactly(reader, sizeFlag === 0 ? Number(isSingleSegment) : 2 ** sizeFlag);
  if ((descriptor & RESERVED_FLAG) !== 0) throw new Error("a reserved bit is set");
  if (dictionary.some((byte) => byte !== 0)) throw new BadImage("its zstd data needs a dictionary");
  const contentBytes = contentSize(size);
  const windowBytes = window.length === 0 ? (contentBytes ?? 0) : windowSize(window.readUInt8());
  if (windowBytes > WINDOW_BYTES_MAX) throw largeWindow(windowBytes);
  return {
    header: Buffer.concat([magic, Buffer.from([descriptor & ~CHECKSUM_FLAG]), window, dictionary, size]),
    checksum: (descriptor & CHECKSUM_FLAG) !== 0,
    contentBytes,
    blockBytesMax: Math.min(windowBytes, BLOCK_BYTES_MAX),
  };
}

function contentSize(field: Buffer): number | undefined {
  switch (field.length) {
    case 0:
      return undefined;
    case 2:
      return field.readUInt16LE() + 256;
    case 8:
      return Number(field.readBigUInt64LE());
    default:
      return field.readUIntLE(0, field.length);
  }
}

/** §3.1.1.1.2: an exponent and a mantissa. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 0b111);
}

function largeWindow(bytes: number): BadImage {
  const asked = Math.ceil(bytes / 1_024 ** 2).toLocaleString("en");
  return new BadImage(
    `its zstd data needs ${asked} MiB of memory, and the limit is ${WINDOW_BYTES_MAX / 1_024 ** 2}; ` +
      "give it on standard input, behind `zstd -dc --long=31 FILE |`",
  );
}

export async function exactly(reader: ByteReader, length: number): Promise<Buffer> {
  const bytes = await reader.take(length);
  if (bytes.length < length) throw cut();
  return bytes;
}

function cut(): Error {
  return new Error("unexpected end");
}
