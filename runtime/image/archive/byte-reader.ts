const EMPTY = Buffer.alloc(0);

/** Reads a source in pieces of the caller's sizes. What a length asks for is only allocated as it arrives. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #arrived: Buffer = EMPTY;
  /** So many bytes of it were read. */
  #at = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes if they are here: to wait for what is here takes longer than most that is done with it. */
  ready(length: number): Buffer | undefined {
    return length <= this.#arrived.length - this.#at ? this.#upTo(length) : undefined;
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
    while (this.#at === this.#arrived.length && max > 0) {
      const { value, done } = await this.#source.next();
      if (done) return EMPTY;
      this.#arrived = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      this.#at = 0;
    }
    return this.#upTo(max);
  }

  #upTo(max: number): Buffer {
    const piece = this.#arrived.subarray(this.#at, this.#at + max);
    this.#at += piece.length;
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
