const EMPTY = Buffer.alloc(0);

/** Reads a source in pieces of the caller's sizes. What a length asks for is only allocated as it arrives. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #ready: Buffer = EMPTY;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** `length` bytes; fewer at the end of the source. */
  async take(length: number): Promise<Buffer> {
    const first = await this.next(length);
    if (first.length === length) return first;
    const pieces = [first];
    let missing = length - first.length;
    while (missing > 0) {
      const piece = await this.next(missing);
      if (piece.length === 0) break;
      pieces.push(piece);
      missing -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  /** What is there of the next `max` bytes, at least one; none at the end of the source. */
  async next(max: number): Promise<Buffer> {
    while (this.#ready.length === 0 && max > 0) {
      const { value, done } = await this.#source.next();
      if (done) return EMPTY;
      this.#ready = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    }
    const piece = this.#ready.subarray(0, max);
    this.#ready = this.#ready.subarray(piece.length);
    return piece;
  }

  /** Returns how many bytes there were to skip. */
  async skip(length: number): Promise<number> {
    let skipped = 0;
    while (skipped < length) {
      const piece = await this.next(length - skipped);
      if (piece.length === 0) break;
      skipped += piece.length;
    }
    return skipped;
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }
}
