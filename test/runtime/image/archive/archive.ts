/** A tar archive written byte by byte, so that a test can make what no tar would. */
export interface RawEntry {
  readonly name: string | Buffer;
  /** typeflag; default: "0", a file. */
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly target?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  /** What the header claims, a number or the field's bytes; default: the content's length. */
  readonly size?: number | Buffer;
  /** Default: "ustar\0" "00". */
  readonly magic?: string;
}

const BLOCK = 512;

export function archive(...entries: RawEntry[]): Buffer {
  return Buffer.concat([...entries.map(record), Buffer.alloc(2 * BLOCK)]);
}

/** An archive without its end. */
export function records(...entries: RawEntry[]): Buffer {
  return Buffer.concat(entries.map(record));
}

function record(entry: RawEntry): Buffer {
  const content = Buffer.from(entry.content ?? "");
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header(entry, content.length), content, padding]);
}

function header(entry: RawEntry, length: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  Buffer.from(entry.name).copy(block, 0, 0, 100);
  block.write(octal(entry.mode ?? 0o644, 7), 100);
  block.write(octal(entry.uid ?? 0, 7), 108);
  block.write(octal(entry.gid ?? 0, 7), 116);
  const size = entry.size ?? length;
  (Buffer.isBuffer(size) ? size : Buffer.from(octal(size, 11))).copy(block, 124, 0, 12);
  block.write(octal(entry.mtime ?? 1_700_000_000, 11), 136);
  block.write(entry.type ?? "0", 156);
  Buffer.from(entry.target ?? "").copy(block, 157, 0, 100);
  block.write(entry.magic ?? "ustar\x0000", 257, "latin1");
  return signed(block);
}

/** Sets the checksum of a header block, in place. */
export function signed(block: Buffer): Buffer {
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** A pax extended header (POSIX.1-2001) for the entry after it. */
export function pax(recordsOf: Readonly<Record<string, string>>): RawEntry {
  const lines = Object.entries(recordsOf).map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest + 1;
    while (String(length).length + rest !== length) length = String(length).length + rest;
    return `${length} ${key}=${value}\n`;
  });
  return { name: "PaxHeaders/x", type: "x", content: lines.join("") };
}
