import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { isMissing } from "../../state/lock.ts";

/** What is read at once. */
const CHUNK_BYTES = 256 << 10;
/** How often a log may be rotated in the very moment in which two of its files are looked at. */
const TRIES_MAX = 100;
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

  /**
   * Leaves out what is before so many of the last lines that count, or some more, which it looks for from the end. Returns how
   * many of them are left; fewer than asked for only where that is the whole file.
   */
  skipToLast(count: number, counts: (line: Buffer) => boolean): number {
    let found = 0;
    let rest = Buffer.alloc(0);
    for (let at = fstatSync(this.#fd).size; at > 0; ) {
      const from = Math.max(0, at - CHUNK_BYTES);
      const bytes = Buffer.concat([this.#bytes(from, at), rest]);
      const begin = from === 0 ? 0 : bytes.indexOf(NEWLINE) + 1 || bytes.length;
      for (const line of linesIn(bytes.subarray(begin))) if (counts(line)) found += 1;
      this.#at = from + begin;
      if (found >= count) return found;
      rest = bytes.subarray(0, begin);
      at = from;
    }
    return found;
  }

  #bytes(from: number, to: number): Buffer {
    const bytes = Buffer.allocUnsafe(to - from);
    return bytes.subarray(0, readSync(this.#fd, bytes, 0, bytes.length, from));
  }

  /** Calls `use` with each whole line that was not read yet; from the beginning again, where somebody has emptied the file. */
  readLines(use: (line: Buffer) => void): void {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const count = readSync(this.#fd, chunk, 0, chunk.length, this.#at);
      if (count === 0 && fstatSync(this.#fd).size >= this.#at) return;
      if (count === 0) this.#startOver();
      this.#at += count;
      this.#split(chunk.subarray(0, count), use);
    }
  }

  #startOver(): void {
    this.#at = 0;
    this.#rest = Buffer.alloc(0);
  }

  #split(chunk: Buffer, use: (line: Buffer) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (const line of linesIn(bytes)) use(line);
    this.#rest = bytes.subarray(bytes.lastIndexOf(NEWLINE) + 1);
  }

  /** Whether the path names another file now. */
  isRotated(path: string): boolean {
    const now = statSync(path, { throwIfNoEntry: false });
    return now !== undefined && now.ino !== this.inode;
  }

  /** The next newer file of the log, whatever name the monitor has given it meanwhile; undefined: this is the newest. */
  next(log: string): LogFile | undefined {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const numbers = numbersOf(log);
      if (fstatSync(this.#fd).nlink === 0) return openIfThere(pathOf(log, numbers.at(-1) ?? 0));
      const own = numbers.find((number) => inodeOf(pathOf(log, number)) === this.inode);
      if (own === 0) return undefined;
      const next = own === undefined ? undefined : openIfThere(pathOf(log, own - 1));
      // A rotation renames the older of two first: this one has its name still, so the other one had its own.
      if (next && own !== undefined && inodeOf(pathOf(log, own)) === this.inode) return next;
      next?.close();
    }
    return undefined;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Without what follows the last end of a line. */
function* linesIn(bytes: Buffer): Generator<Buffer> {
  let from = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
    yield bytes.subarray(from, end);
    from = end + 1;
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** The oldest file that there is. */
export function openOldest(log: string): LogFile | undefined {
  return openIfThere(pathOf(log, numbersOf(log).at(-1) ?? 0));
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
  const oldest = numbersOf(log).at(-1) ?? 0;
  // The newest first: one that is given an older name meanwhile is found twice then, and not missed, whatever its number is.
  for (let number = 0, isThere = true; isThere || number <= oldest; number += 1) {
    const file = openIfThere(pathOf(log, number));
    isThere = file !== undefined;
    if (file && files.some(({ inode }) => inode === file.inode)) file.close();
    else if (file) files.unshift(file);
  }
  return files;
}

/** Of its files, the newest first; 0 is the log itself. */
function numbersOf(log: string): number[] {
  const name = basename(log);
  const numbers = namesIn(dirname(log)).flatMap((one) => {
    const number = one === name ? "0" : one.startsWith(`${name}.`) ? one.slice(name.length + 1) : "";
    return /^\d+$/.test(number) ? [Number(number)] : [];
  });
  return numbers.sort((a, b) => a - b);
}

function pathOf(log: string, number: number): string {
  return number === 0 ? log : `${log}.${number}`;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
