import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BadImage, type Entry, type Metadata, shown } from "./entry.ts";
import { relativePath } from "./entry-path.ts";

const BLOCK_BYTES = 512;

/** An entry's header as tar-stream 3 returns it; the package's own type leaves out half. */
interface Header {
  readonly name: string;
  readonly linkname: string | null;
  /** null: not one of those in POSIX. */
  readonly type: string | null;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: Date;
  /** Where the content starts. */
  readonly byteOffset: number;
  /** POSIX.1-2001's extended records. */
  readonly pax: Readonly<Record<string, string>> | null;
}

// latin1: a name is bytes, and one character a byte keeps them.
const OPTIONS: object = { filenameEncoding: "latin1", allowUnknownFormat: true };

/**
 * The entries of an uncompressed tar archive: ustar, pax, GNU and v7. An entry's content must be read, or its iterator
 * closed, before the next entry is requested. Throws BadImage when the archive is broken, has no end, or contains a kind of
 * entry that is not supported.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<Entry> {
  const { extract } = await import("tar-stream");
  const parser = extract(OPTIONS);
  const seen = { bytes: 0, lastNonZero: -1 };
  const fed = pipeline(Readable.from(observed(source, seen), { objectMode: false }), parser);
  // The parser fails with the same error, which is handled there.
  fed.catch(() => {});
  let end = 0;
  try {
    for await (const stream of parser) {
      const header = stream.header as unknown as Header;
      const entry = entryOf(header, contentOf(stream as unknown as AsyncIterable<Uint8Array>));
      end = header.byteOffset + Math.ceil(header.size / BLOCK_BYTES) * BLOCK_BYTES;
      yield entry;
      stream.resume();
    }
    await fed;
  } catch (error) {
    throw explained(error, end === 0);
  } finally {
    parser.destroy();
  }
  checkEnd(seen, end);
}

interface Seen {
  bytes: number;
  /** Offset of the last byte that isn't zero. */
  lastNonZero: number;
}

async function* observed(source: AsyncIterable<Uint8Array>, seen: Seen): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    const at = chunk.findLastIndex((byte) => byte !== 0);
    if (at >= 0) seen.lastNonZero = seen.bytes + at;
    seen.bytes += chunk.length;
    yield chunk;
  }
}

/** An archive ends with zero blocks; without one it was cut between two entries, which tar-stream does not report. */
function checkEnd(seen: Seen, end: number): void {
  if (seen.bytes === 0) throw new BadImage("it is empty");
  if (end === 0) throw new BadImage("it contains no files");
  const zeros = seen.bytes - (seen.lastNonZero + 1);
  if (zeros < BLOCK_BYTES || seen.bytes < end + BLOCK_BYTES)
    throw new BadImage("it is cut short: the end of the archive is missing");
}

async function* contentOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* stream;
  } catch (error) {
    throw explained(error, false);
  }
}

/** The parser's own errors have no code; errors of the source pass through unchanged. */
function explained(error: unknown, first: boolean): unknown {
  if (!(error instanceof Error) || error instanceof BadImage || "code" in error) return error;
  if (first) return new BadImage("it is not a tar archive, nor one compressed with gzip or zstd");
  return new BadImage(
    error.message === "Unexpected end of data" ? "it is cut short" : `it is broken (${error.message})`,
  );
}

function entryOf(header: Header, content: AsyncIterable<Uint8Array>): Entry {
  const pax = header.pax ?? {};
  const path = relativePath(byteString(header.name, pax["path"]));
  const base = {
    path,
    metadata: metadataOf(header, pax, path),
    attributes: Object.keys(pax).some((key) => key.startsWith("SCHILY.xattr.")),
  };
  if (Object.keys(pax).some((key) => key.startsWith("GNU.sparse."))) throw sparse(path);
  switch (header.type) {
    case "file":
    case "contiguous-file":
      return { ...base, kind: "file", content };
    case "link":
      return { ...base, kind: "hardlink", target: relativePath(byteString(header.linkname ?? "", pax["linkpath"])) };
    case "symlink":
      return { ...base, kind: "symlink", target: byteString(header.linkname ?? "", pax["linkpath"]) };
    case "directory":
    case "fifo":
      return { ...base, kind: header.type };
    case "character-device":
    case "block-device":
      return { ...base, kind: "device" };
    default:
      throw sparse(path);
  }
}

function sparse(path: string): BadImage {
  return new BadImage(`${shown(path)} is a sparse file or an entry only GNU tar knows; pack it again without --sparse`);
}

/** pax records are UTF-8, everything else came as latin1. */
function byteString(field: string, record: string | undefined): string {
  if (!record) return field;
  if (record.includes("\ufffd")) throw new BadImage(`the name ${JSON.stringify(record)} in a pax record is not UTF-8`);
  return Buffer.from(record).toString("latin1");
}

/** The largest id; one more means "leave as it is" to chown(2). */
const ID_MAX = 2 ** 32 - 2;

function metadataOf(header: Header, pax: Readonly<Record<string, string>>, path: string): Metadata {
  const { mode, size } = header;
  const uid = Number(pax["uid"] ?? header.uid);
  const gid = Number(pax["gid"] ?? header.gid);
  const mtime = Number(pax["mtime"] ?? header.mtime.getTime() / 1_000);
  // tar-stream returns null for a number that it can't parse, and would wait forever for content of that size.
  const areIntegers = Number.isSafeInteger(size) && Number.isInteger(mode);
  const valid = areIntegers && isId(uid) && isId(gid) && Number.isFinite(mtime);
  if (!valid) throw new BadImage(`the header of ${shown(path)} contains an invalid number`);
  return { mode: mode & 0o7777, uid, gid, mtime };
}

function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= ID_MAX;
}
