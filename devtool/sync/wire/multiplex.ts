import { brokenStream } from "./wire.ts";

/** What a multiplexed frame carries; rsync.h:enum msgcode. */
export const MESSAGE = {
  data: 0,
  errorXfer: 1,
  info: 2,
  error: 3,
  warning: 4,
  ioError: 22,
  ioTimeout: 33,
  noop: 42,
  errorExit: 86,
  success: 100,
  deleted: 101,
  noSend: 102,
} as const;

/** Added to a frame's kind in its header; rsync.h:MPLEX_BASE. */
const MULTIPLEX_BASE = 7;
const HEADER_LENGTH = 4;
const FRAME_BYTES_MAX = 0xffffff;
/** The size of rsync's own buffer for a message that is not data; rsync.h:BIGPATHBUFLEN. */
const MESSAGE_BYTES_MAX = 4096 + 1024;

/** Puts bytes into frames; rsync/io.c:send_msg. */
export function multiplex(kind: number, payload: Buffer): Buffer {
  const frames = Math.max(1, Math.ceil(payload.length / FRAME_BYTES_MAX));
  const stream = Buffer.allocUnsafe(frames * HEADER_LENGTH + payload.length);
  let to = 0;
  for (let at = 0; at < payload.length || to === 0; at += FRAME_BYTES_MAX) {
    const length = Math.min(payload.length - at, FRAME_BYTES_MAX);
    to = stream.writeUInt32LE(((kind + MULTIPLEX_BASE) << 24) + length, to);
    to += payload.copy(stream, to, at, at + length);
  }
  return stream;
}

/** A frame that isn't data. */
export interface Message {
  readonly kind: number;
  readonly payload: Buffer;
}

export interface Received {
  readonly data: (piece: Buffer) => void;
  readonly message: (message: Message) => void;
}

/** Separates data from messages, however the bytes arrive; rsync/io.c:read_a_msg. */
export class Demultiplexer {
  readonly #received: Received;
  /** The bytes of a header or a message that is not complete yet. */
  #partial: Buffer = Buffer.alloc(0);
  #dataLeft = 0;

  constructor(received: Received) {
    this.#received = received;
  }

  /** Throws Failure for bytes that no rsync sends. */
  push(chunk: Buffer): void {
    let bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    while (bytes.length > 0) {
      const used = this.#dataLeft > 0 ? this.#takeData(bytes) : this.#takeFrame(bytes);
      if (used === 0) break;
      bytes = bytes.subarray(used);
    }
    this.#partial = bytes;
  }

  #takeData(bytes: Buffer): number {
    const piece = bytes.subarray(0, this.#dataLeft);
    this.#dataLeft -= piece.length;
    this.#received.data(piece);
    return piece.length;
  }

  #takeFrame(bytes: Buffer): number {
    if (bytes.length < HEADER_LENGTH) return 0;
    const header = bytes.readUInt32LE(0);
    const kind = (header >>> 24) - MULTIPLEX_BASE;
    const length = header & FRAME_BYTES_MAX;
    if (kind === MESSAGE.data) {
      this.#dataLeft = length;
      return HEADER_LENGTH;
    }
    if (!KNOWN_MESSAGES.has(kind)) throw brokenStream(`a message of unknown kind ${kind}`);
    if (length > MESSAGE_BYTES_MAX) throw brokenStream(`a message of ${length} bytes`);
    if (bytes.length < HEADER_LENGTH + length) return 0;
    this.#received.message({ kind, payload: bytes.subarray(HEADER_LENGTH, HEADER_LENGTH + length) });
    return HEADER_LENGTH + length;
  }
}

const KNOWN_MESSAGES: ReadonlySet<number> = new Set(Object.values(MESSAGE));
