import type { ByteReader } from "../byte-reader.ts";
import { BadImage, type Piece } from "../entry.ts";
import { BLOCK_BYTES } from "./header.ts";

/** Which parts of a file the archive contains; zeros are between them and after the last. */
export interface SparseMap {
  /** Of the whole file. */
  readonly size: number;
  readonly extents: readonly Extent[];
}

export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** What follows a header: bytes that may be read in parts, or not at all, and are filled up to a block. */
export class Content {
  readonly #reader: ByteReader;
  readonly #padding: number;
  #left: number;

  constructor(reader: ByteReader, size: number) {
    this.#reader = reader;
    this.#left = size;
    this.#padding = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
  }

  /** The next `length` bytes, as they arrive. */
  async *read(length = this.#left): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      const piece = await this.#reader.next(left);
      if (piece.length === 0) throw cutShort();
      left -= piece.length;
      this.#left -= piece.length;
      yield piece;
    }
  }

  /** All of it if it is here, or there is none. */
  ready(): readonly Buffer[] | undefined {
    if (this.#left === 0) return [];
    const bytes = this.#reader.ready(this.#left);
    if (!bytes) return undefined;
    this.#left = 0;
    return [bytes];
  }

  async take(length = this.#left): Promise<Buffer> {
    const bytes = await this.#reader.take(Math.min(length, this.#left));
    if (bytes.length < length) throw cutShort();
    this.#left -= length;
    return bytes;
  }

  /** The whole file of which this is what is not zero. */
  async *expanded({ size, extents }: SparseMap): AsyncGenerator<Piece> {
    let at = 0;
    for (const { offset, length } of extents) {
      if (offset > at) yield { hole: offset - at };
      yield* this.read(length);
      at = offset + length;
    }
    if (size > at) yield { hole: size - at };
  }

  /** Skips what was not read; the next header follows. Behind the last file the padding may be missing: umoci insert writes none. */
  async end(): Promise<void> {
    const rest = this.#left + this.#padding;
    if (!this.#reader.ready(rest) && (await this.#reader.skip(rest)) < this.#left) throw cutShort();
  }
}

export function cutShort(): BadImage {
  return new BadImage("it is cut short");
}
