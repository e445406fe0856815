import { readSync } from "node:fs";
import type { Channel } from "../wire/channel.ts";
import { createFileSum, sumOfFile } from "../wire/checksum.ts";
import type { ByteWriter } from "../wire/wire.ts";
import { type BlockSums, createMatcher, type DeltaSink } from "./delta.ts";

/** Room for one read and the unmatched end of the one before it. */
export const WINDOW_BYTES = 512 * 1024;
/** rsync.h:CHUNK_SIZE. */
const LITERAL_BYTES_MAX = 32 * 1024;

export interface ContentTerms {
  readonly channel: Channel;
  readonly strongSum: (block: Uint8Array) => Buffer;
  /** WINDOW_BYTES bytes to read into. */
  readonly window: Buffer;
}

/** rsync/match.c:match_sums; reads no more than the file's size at the start. */
export async function sendContent(
  { channel, window, strongSum }: ContentTerms,
  file: number,
  size: number,
  old: BlockSums,
): Promise<{ digest: Buffer; length: number; error: unknown }> {
  const fileSum = createFileSum();
  const sink = tokenSink(channel);
  const match = old.count === 0 ? passLiterals : createMatcher(old, strongSum);
  let length = 0;
  let held = 0;
  let isLast = size === 0;
  let error: unknown;
  while (!isLast) {
    let read = 0;
    try {
      read = readSync(file, window, held, Math.min(window.length - held, size - length), null);
    } catch (thrown) {
      error = thrown;
    }
    length += read;
    isLast = read === 0 || length === size;
    fileSum.update(window.subarray(held, held + read));
    const filled = held + read;
    const done = match(window.subarray(0, filled), isLast, sink);
    window.copyWithin(0, done, filled);
    held = filled - done;
    if (channel.isFull) await channel.flush();
  }
  return { digest: fileSum.digest(), length, error };
}

function passLiterals(piece: Buffer, _final: boolean, sink: DeltaSink): number {
  if (piece.length > 0) sink.literal(piece);
  return piece.length;
}

/** Sends a file that the receiver has nothing of, and that fits in the window. */
export function sendWhole({ out }: Channel, content: Buffer): void {
  writeLiteral(out, content);
  out.int32(0);
  out.latin1(sumOfFile(content));
}

/** rsync/token.c:simple_send_token. */
function tokenSink({ out }: Channel): DeltaSink {
  return {
    literal: (bytes) => writeLiteral(out, bytes),
    block: (index) => out.int32(-(index + 1)),
  };
}

function writeLiteral(out: ByteWriter, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += LITERAL_BYTES_MAX) {
    const piece = bytes.subarray(at, at + LITERAL_BYTES_MAX);
    out.int32(piece.length);
    out.bytes(piece);
  }
}
