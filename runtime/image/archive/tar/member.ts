import type { ByteReader } from "../byte-reader.ts";
import { BadImage, shown } from "../entry.ts";
import { Content, cutShort } from "./content.ts";
import { BLOCK_BYTES, type Header, parseHeader, text } from "./header.ts";
import { type PaxRecords, parsePax } from "./pax.ts";

/** A header with all that the headers before it say about the same file. */
export interface Member {
  readonly name: string;
  readonly linkName: string;
  readonly size: number;
  readonly header: Header;
  readonly records: PaxRecords;
  /** The last record of each keyword. */
  readonly pax: ReadonlyMap<string, string>;
  readonly content: Content;
}

/** What holds from one member to the next. */
export interface Archive {
  readonly reader: ByteReader;
  /** Its bytes are compared with a digest, so that a missing end was left out by who packed it. */
  readonly isVerified: boolean;
  members: number;
  globals: PaxRecords;
}

/** Of the headers before a member's own, altogether; Go's archive/tar has the same limit for each. */
const EXTENSION_BYTES_MAX = 1_024 ** 2;
/** Those types have no content, whatever size their header tells. */
const WITHOUT_CONTENT = "123456";

/** Undefined at the end of the archive. Throws BadImage where it is broken or has no end. */
export async function readMember(archive: Archive): Promise<Member | undefined> {
  const own: (readonly [string, string])[] = [];
  let extensionBytes = 0;
  let longName: string | undefined;
  let longLink: string | undefined;
  for (;;) {
    const header = await readHeader(archive, extensionBytes > 0);
    if (!header) return undefined;
    if (!"xXgLK".includes(header.type)) {
      archive.members += 1;
      return memberOf(header, [...archive.globals, ...own], { longName, longLink }, archive.reader);
    }
    extensionBytes += header.size;
    if (!(extensionBytes <= EXTENSION_BYTES_MAX))
      throw new BadImage(`it has a pax header or a long name of over ${EXTENSION_BYTES_MAX / 1_024 ** 2} MiB`);
    const bytes = await readExtension(header, archive.reader);
    if (header.type === "L") longName = text(bytes, 0, bytes.length);
    else if (header.type === "K") longLink = text(bytes, 0, bytes.length);
    else if (header.type === "g") archive.globals = merged(archive.globals, parsePax(bytes));
    else own.push(...parsePax(bytes));
  }
}

async function readHeader(archive: Archive, isExpected: boolean): Promise<Header | undefined> {
  const block = archive.reader.ready(BLOCK_BYTES) ?? (await archive.reader.take(BLOCK_BYTES));
  const isFirst = archive.members === 0 && !isExpected;
  if (block.length === 0 && isFirst && !archive.isVerified) throw new BadImage("it is empty");
  if (block.length === 0 && !isExpected) return checkEndless(archive);
  if (block.length < BLOCK_BYTES) throw isFirst ? notTar() : cutShort();
  try {
    return parseHeader(block);
  } catch (error) {
    throw isFirst ? notTar() : error;
  }
}

function checkEndless({ isVerified }: Archive): undefined {
  if (!isVerified) throw new BadImage("it is cut short: the end of the archive is missing");
}

function notTar(): BadImage {
  return new BadImage("it is not a tar archive, nor one compressed with gzip or zstd");
}

async function readExtension({ size }: Header, reader: ByteReader): Promise<Buffer> {
  const content = new Content(reader, size);
  const bytes = await content.take();
  await content.end();
  return bytes;
}

/** Those that a header for all members can usefully have. */
const GLOBAL = new Set(["path", "linkpath", "size", "uid", "gid", "mtime"]);

function merged(globals: PaxRecords, more: PaxRecords): PaxRecords {
  return [...new Map([...globals, ...more].filter(([keyword]) => GLOBAL.has(keyword)))];
}

const NOTHING: ReadonlyMap<string, string> = new Map();

interface LongNames {
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
}

function memberOf(header: Header, records: PaxRecords, { longName, longLink }: LongNames, reader: ByteReader): Member {
  const pax = records.length === 0 ? NOTHING : new Map(records);
  const name = pax.get("GNU.sparse.name") || pax.get("path") || (longName ?? header.name);
  const linkName = pax.get("linkpath") || (longLink ?? header.linkName);
  const told = sizeOf(pax.get("size")) ?? header.size;
  const size = WITHOUT_CONTENT.includes(header.type) ? 0 : told;
  if (!(Number.isSafeInteger(size) && size >= 0))
    throw new BadImage(`it is broken (the header of ${shown(name)} contains an invalid number)`);
  return { name, linkName, size, header, records, pax, content: new Content(reader, size) };
}

function sizeOf(record: string | undefined): number | undefined {
  if (!record) return undefined;
  return /^\d+$/.test(record) ? Number(record) : Number.NaN;
}
