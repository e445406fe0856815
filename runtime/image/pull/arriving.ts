import { readSync } from "node:fs";

const READ_BYTES = 512 * 1_024;

/**
 * A file that one side writes while the other reads: unpacking never makes the registry wait, and nothing is kept in memory.
 */
export class ArrivingFile {
  readonly #fd: number;
  #bytes: number;
  #ended = false;
  #error: unknown;
  #wake: () => void = () => {};

  constructor(fd: number, bytes: number) {
    this.#fd = fd;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** There are so many bytes now. */
  grew(bytes: number): void {
    this.#bytes = bytes;
    this.#wake();
  }

  /** No more come. */
  end(error?: unknown): void {
    this.#error = error;
    this.#ended = true;
    this.#wake();
  }

  /** All bytes, as they arrive. Throws what it ended with. */
  async *read(): AsyncGenerator<Buffer> {
    for (let at = 0; ; ) {
      while (at === this.#bytes && !this.#ended) await this.#change();
      if (at === this.#bytes) break;
      const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, this.#bytes - at));
      // At once: what has just been written is in memory, and on another thread this would wait for what is unpacked there.
      const bytesRead = readSync(this.#fd, buffer, 0, buffer.length, at);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
