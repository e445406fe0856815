import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What is read at once. */
const CHUNK_BYTES = 256 << 10;
const NEWLINE = 0x0a;

/** One file of a log, from where it was read so far; it stays the same file when the monitor gives it another name. */
export class LogFile {
  readonly #fd: number;
  readonly #inode: number;
  #at = 0;
  /** The beginning of a line whose end was not there yet. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#fd = openSync(path, "r");
    this.#inode = fstatSync(this.#fd).ino;
  }

  /** Calls `use` with each whole line that was not read yet. */
  readLines(use: (line: Buffer) => void): void {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const count = readSync(this.#fd, chunk, 0, chunk.length, this.#at);
      if (count === 0) return;
      this.#at += count;
      this.#split(chunk.subarray(0, count), use);
    }
  }

  #split(chunk: Buffer, use: (line: Buffer) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      use(bytes.subarray(from, end));
      from = end + 1;
    }
    this.#rest = bytes.subarray(from);
  }

  /** Whether the path names another file now. */
  isRotated(path: string): boolean {
    const now = statSync(path, { throwIfNoEntry: false });
    return now !== undefined && now.ino !== this.#inode;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The log's older files, the oldest first, then the log itself; only those that are there. */
export function logPaths(log: string): string[] {
  const name = basename(log);
  const numbers = readdirSync(dirname(log)).flatMap((one) => {
    const number = one === name ? "0" : one.startsWith(`${name}.`) ? one.slice(name.length + 1) : "";
    return /^\d+$/.test(number) ? [Number(number)] : [];
  });
  return numbers.sort((a, b) => b - a).map((number) => join(dirname(log), number === 0 ? name : `${name}.${number}`));
}
