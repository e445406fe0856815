import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isMissing } from "../../state/lock.ts";

/** What is read at once. */
const CHUNK_BYTES = 256 << 10;
const NEWLINE = 0x0a;

/** One file of a log, from where it was read so far; it stays the same file when the monitor gives it another name. */
export class LogFile {
  readonly #fd: number;
  readonly inode: number;
  #at = 0;
  /** The beginning of a line whose end was not there yet. */
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#fd = openSync(path, "r");
    this.inode = fstatSync(this.#fd).ino;
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
    return now !== undefined && now.ino !== this.inode;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export function openIfThere(path: string): LogFile | undefined {
  try {
    return new LogFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The log's older files, the oldest first, then the log itself; none where it was removed. */
export function openLog(log: string): LogFile[] {
  const files: LogFile[] = [];
  // The newest first: one that is given an older name meanwhile is found twice then, and not missed.
  for (const path of pathsOf(log)) {
    const file = openIfThere(path);
    if (file && files.some(({ inode }) => inode === file.inode)) file.close();
    else if (file) files.unshift(file);
  }
  return files;
}

function pathsOf(log: string): string[] {
  const name = basename(log);
  const numbers = namesIn(dirname(log)).flatMap((one) => {
    const number = one === name ? "0" : one.startsWith(`${name}.`) ? one.slice(name.length + 1) : "";
    return /^\d+$/.test(number) ? [Number(number)] : [];
  });
  return numbers.sort((a, b) => a - b).map((number) => join(dirname(log), number === 0 ? name : `${name}.${number}`));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
