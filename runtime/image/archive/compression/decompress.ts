import type { Shim } from "../../../host/shim.ts";
import { BadImage } from "../entry.ts";
import { readAhead } from "../read-ahead.ts";
import { gunzipNatively } from "./gunzip.ts";
import { gunzip } from "./gzip.ts";
import { unzstd } from "./zstd.ts";

const MAGIC_BYTES = 6;
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** A skippable frame (RFC 8878 §3.1.2), as pzstd writes first, is 0x184D2A50 to 0x184D2A5F, low byte first. */
const ZSTD_SKIPPABLE = Buffer.from([0x2a, 0x4d, 0x18]);
const UNREADABLE: readonly { magic: Buffer; name: string; command: string }[] = [
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), name: "xz", command: "xz -dc" },
  { magic: Buffer.from("BZh"), name: "bzip2", command: "bzip2 -dc" },
  { magic: Buffer.from([0x04, 0x22, 0x4d, 0x18]), name: "lz4", command: "lz4 -dc" },
];

/** Decompresses gzip or Zstandard, recognized by the first bytes; passes anything else through. Throws BadImage. `shim`: does it faster. */
export async function* decompress(source: AsyncIterable<Uint8Array>, shim?: Shim): AsyncGenerator<Uint8Array> {
  const { head, whole } = await peek(source);
  const unreadable = UNREADABLE.find(({ magic }) => startsWith(head, magic));
  if (unreadable) {
    throw new BadImage(
      `it is compressed with ${unreadable.name}; give it on standard input, behind \`${unreadable.command} FILE |\``,
    );
  }
  const compression = compressionOf(head);
  if (compression === "gzip") yield* broken("gzip", shim ? readAhead(gunzipNatively(shim, whole)) : gunzip(whole));
  else if (compression === "zstd") yield* broken("zstd", unzstd(whole));
  else yield* whole;
}

/** By the first bytes; undefined: it is not compressed. */
export function compressionOf(head: Buffer): "gzip" | "zstd" | undefined {
  if (startsWith(head, GZIP)) return "gzip";
  return isZstd(head) ? "zstd" : undefined;
}

async function peek(source: AsyncIterable<Uint8Array>): Promise<{ head: Buffer; whole: AsyncGenerator<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < MAGIC_BYTES) {
    const { value, done } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  async function* whole() {
    try {
      yield head;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      await iterator.return?.();
    }
  }
  return { head, whole: whole() };
}

function startsWith(head: Buffer, magic: Buffer): boolean {
  return head.subarray(0, magic.length).equals(magic);
}

function isZstd(head: Buffer): boolean {
  const skippable = ((head[0] ?? 0) & 0xf0) === 0x50 && startsWith(head.subarray(1), ZSTD_SKIPPABLE);
  return startsWith(head, ZSTD) || skippable;
}

async function* broken(format: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    // A failed read of the file itself has a `syscall`; any other error is the decompressor's.
    if (error instanceof BadImage || (error instanceof Error && "syscall" in error)) throw error;
    throw new BadImage(`its ${format} data is broken or cut short (${error instanceof Error ? error.message : error})`);
  }
}
