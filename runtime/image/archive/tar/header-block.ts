const BLOCK_BYTES = 512;
/** Eleven octal digits, and seven; above, pax or GNU's base 256. */
export const NUMBER_MAX = { size: 0o77777777777, id: 0o7777777 } as const;

export interface HeaderBlock {
  /** At most 100 bytes, as byte string. */
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since 1970. */
  readonly mtime: number;
  readonly target?: string;
  readonly device?: readonly [major: number, minor: number];
}

/** A header of POSIX ustar; the same bytes each time. */
export function headerBlock(header: HeaderBlock): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(header.name, 0, 100, "latin1");
  block.write(`${octal(header.mode, 7)}\0`, 100);
  block.write(`${octal(header.uid, 7)}\0`, 108);
  block.write(`${octal(header.gid, 7)}\0`, 116);
  writeSize(block, header.size);
  block.write(`${octal(header.mtime, 11)}\0`, 136);
  block.write(header.type, 156);
  block.write(header.target ?? "", 157, 100, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  for (const [i, number] of (header.device ?? []).entries()) block.write(`${octal(number, 7)}\0`, 329 + 8 * i);
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

/** That of a file of an archive that says nothing about files but their content. `name`: at most 100 bytes of ASCII. */
export function fileHeader(name: string, size: number): Buffer {
  return headerBlock({ name, type: "0", size, mode: 0o644, uid: 0, gid: 0, mtime: 0 });
}

function octal(number: number, digits: number): string {
  return number.toString(8).padStart(digits, "0");
}

function writeSize(block: Buffer, size: number): void {
  if (size <= NUMBER_MAX.size) block.write(`${octal(size, 11)}\0`, 124);
  else {
    block.writeUInt8(0x80, 124);
    block.writeBigUInt64BE(BigInt(size), 128);
  }
}

/** What fills a file's content up to a block. */
export function paddingAfter(size: number): Buffer {
  return Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** The end of an archive. */
export function archiveEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK_BYTES);
}
