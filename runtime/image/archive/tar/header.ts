import { BadImage } from "../entry.ts";

export const BLOCK_BYTES = 512;

/** A header block of ustar, GNU or v7; text as byte strings. A number that can't be read is NaN. */
export interface Header {
  /** The type flag, one character. */
  readonly type: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** The whole block, for what only one type has. */
  readonly block: Buffer;
}

/** POSIX.1-2017, pax, "ustar Interchange Format": where each field is, and its length. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  linkName: [157, 100],
  magic: [257, 6],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;

const ZEROS = Buffer.alloc(BLOCK_BYTES);

/** Undefined for a block of zeros, which ends an archive. Throws BadImage for a block that does not match its checksum. */
export function parseHeader(block: Buffer): Header | undefined {
  if (block.equals(ZEROS)) return undefined;
  if (!matchesChecksum(block)) throw new BadImage("it is broken (Invalid tar header: its checksum is another)");
  const name = text(block, ...FIELD.name);
  const prefix = isUstar(block) ? text(block, ...FIELD.prefix) : "";
  return {
    type: text(block, ...FIELD.type) || "0",
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkName: text(block, ...FIELD.linkName),
    mode: number(block, ...FIELD.mode),
    uid: number(block, ...FIELD.uid),
    gid: number(block, ...FIELD.gid),
    size: number(block, ...FIELD.size),
    mtime: number(block, ...FIELD.mtime),
    block,
  };
}

/** GNU's own format has other fields in place of the prefix. */
function isUstar(block: Buffer): boolean {
  const [at, length] = FIELD.magic;
  return block.toString("latin1", at, at + length) === "ustar\0";
}

/** Its own field counts as spaces. Some old programs summed signed bytes. */
function matchesChecksum(block: Buffer): boolean {
  const [at, length] = FIELD.checksum;
  const stored = number(block, at, length);
  let [unsigned, signed] = [length * 0x20, length * 0x20];
  for (let i = 0; i < block.length; i += 1) {
    if (i === at) i += length;
    const byte = block[i] ?? 0;
    unsigned += byte;
    signed += byte < 0x80 ? byte : byte - 0x100;
  }
  return stored === unsigned || stored === signed;
}

/** Of a device: its number. */
export function deviceNumber(block: Buffer): { readonly major: number; readonly minor: number } {
  return { major: number(block, ...FIELD.major), minor: number(block, ...FIELD.minor) };
}

export function text(block: Buffer, at: number, length: number): string {
  if (block[at] === 0) return "";
  const field = block.toString("latin1", at, at + length);
  const end = field.indexOf("\0");
  return end < 0 ? field : field.slice(0, end);
}

/** Octal digits, or GNU's base 256, where the first bit is set and the second is the sign. */
export function number(block: Buffer, at: number, length: number): number {
  const end = Math.min(at + length, block.length);
  if ((block[at] ?? 0) >= 0x80) return base256(block.subarray(at, end));
  let from = at;
  while (from < end && isBlank(block[from])) from += 1;
  let value = 0;
  for (; from < end && !isBlank(block[from]); from += 1) {
    const digit = (block[from] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) return Number.NaN;
    value = value * 8 + digit;
  }
  return value;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}

function base256(field: Buffer): number {
  const [first = 0, ...rest] = field;
  if (first !== 0x80 && first !== 0xff) return Number.NaN;
  // The complement of a negative number is a positive one, less one.
  const isNegative = first === 0xff;
  const value = rest.reduce((sum, byte) => sum * 256 + (isNegative ? 0xff - byte : byte), 0);
  return isNegative ? -value - 1 : value;
}
