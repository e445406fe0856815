/** First bytes of a connection, each way, before any frame. */
export const MAGIC = Buffer.from("devtool", "latin1");
/**
 * One byte after the magic, and a field of the agent's hello. Raise it with every change to what either side sends.
 * There is no negotiation: each client installs its own agent, under the hash of its content, so the two sides differ
 * only when something else has answered, and the connection is then refused.
 */
export const PROTOCOL_VERSION = 5;

/**
 * Longest payload. A longer frame is refused at its header, so a peer can't make the other side buffer without limit.
 */
export const FRAME_BYTES_MAX = 1024 * 1024;

/** u32 payload length, big-endian; u8 kind. */
const HEADER_BYTES = 5;
const PREFACE_BYTES = MAGIC.length + 1;

export interface Frame {
  readonly kind: number;
  readonly payload: Buffer;
}

export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

export function encodePreface(): Buffer {
  return Buffer.concat([MAGIC, Buffer.of(PROTOCOL_VERSION)]);
}

export function encodeFrame(kind: number, payload: Uint8Array): Buffer {
  return Buffer.concat([encodeHeader(kind, payload.length), payload]);
}

/** What comes before a payload of so many bytes. */
export function encodeHeader(kind: number, bytes: number): Buffer {
  if (bytes > FRAME_BYTES_MAX) throw new ProtocolError(`at most ${FRAME_BYTES_MAX} bytes in a frame, got ${bytes}`);
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32BE(bytes, 0);
  header.writeUInt8(kind, 4);
  return header;
}

/** Bytes as they arrive → frames. Buffers at most one incomplete frame and one chunk. */
export class FrameDecoder {
  readonly #inPieces: ReadonlySet<number>;
  #sawPreface = false;
  /** Of a frame that is returned in pieces, what has not arrived. */
  #rest: { readonly kind: number; bytes: number } | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** `inPieces`: kinds that carry a stream. What has arrived of such a frame is returned at once, and the rest as further frames. */
  constructor(inPieces: ReadonlySet<number> = new Set()) {
    this.#inPieces = inPieces;
  }

  /** @throws ProtocolError on a wrong magic, version or length; the decoder can't be used after that */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Frame[] = [];
    if (!this.#sawPreface) {
      if (this.#bytes < PREFACE_BYTES) return frames;
      checkPreface(this.#take(PREFACE_BYTES));
      this.#sawPreface = true;
    }
    while (this.#bytes >= (this.#rest ? 1 : HEADER_BYTES)) {
      if (this.#rest) {
        frames.push(this.#piece(this.#rest));
        continue;
      }
      const header = this.#peek(HEADER_BYTES);
      const length = header.readUInt32BE(0);
      if (length > FRAME_BYTES_MAX) {
        throw new ProtocolError(`at most ${FRAME_BYTES_MAX} bytes in a frame, got ${length}`);
      }
      const kind = header.readUInt8(4);
      if (length > 0 && this.#inPieces.has(kind)) {
        this.#take(HEADER_BYTES);
        this.#rest = { kind, bytes: length };
        continue;
      }
      if (this.#bytes < HEADER_BYTES + length) break;
      frames.push({ kind, payload: this.#take(HEADER_BYTES + length).subarray(HEADER_BYTES) });
    }
    return frames;
  }

  /** As much of it as is in one chunk: joining chunks would copy them. */
  #piece(rest: { readonly kind: number; bytes: number }): Frame {
    const payload = this.#take(Math.min(rest.bytes, this.#chunks[0]?.length ?? 0));
    rest.bytes -= payload.length;
    if (rest.bytes === 0) this.#rest = undefined;
    return { kind: rest.kind, payload };
  }

  /** The first `bytes` bytes, not consumed. Chunks are joined only where a header or frame spans them. */
  #peek(bytes: number): Buffer {
    const first = this.#chunks[0];
    if (first && first.length >= bytes) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #take(bytes: number): Buffer {
    const first = this.#peek(bytes);
    this.#bytes -= bytes;
    if (first.length === bytes) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(bytes);
    return first.subarray(0, bytes);
  }
}

function checkPreface(preface: Buffer): void {
  if (!preface.subarray(0, MAGIC.length).equals(MAGIC)) throw new ProtocolError("the peer is not a devtool agent");
  const version = preface[MAGIC.length];
  if (version !== PROTOCOL_VERSION) {
    throw new ProtocolError(`the peer speaks protocol version ${version}, not ${PROTOCOL_VERSION}`);
  }
}
