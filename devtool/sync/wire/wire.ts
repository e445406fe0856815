import { Failure } from "../../failure.ts";

/** Indices with a meaning of their own; rsync.h:NDX_*. */
export const INDEX = { done: -1, endOfLists: -2, deleteStatistics: -3, firstList: -101 } as const;

/** Collects bytes to send; integers are little-endian. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024);
  length = 0;

  byte(value: number): void {
    const at = this.#room(1);
    this.#buffer[at] = value;
  }

  int16(value: number): void {
    const at = this.#room(2);
    this.#buffer.writeUInt16LE(value, at);
  }

  int32(value: number): void {
    const at = this.#room(4);
    this.#buffer.writeInt32LE(value | 0, at);
  }

  bytes(value: Uint8Array): void {
    const at = this.#room(value.length);
    this.#buffer.set(value, at);
  }

  /** One byte for each code unit. */
  latin1(value: string): void {
    const at = this.#room(value.length);
    this.#buffer.write(value, at, "latin1");
  }

  /** 32 bits in 1 to 5 bytes; rsync/io.c:write_varint. */
  varint(value: number): void {
    this.#variable(value | 0, value < 0 ? -1 : 0, 1, 4);
  }

  /**
   * A 64-bit integer in at least `least` bytes; exact for safe integers, negative ones too; rsync/io.c:write_varlong.
   */
  varlong(value: number, least: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.#variable(value - high * 0x1_0000_0000, high, least, 8);
  }

  /** Returns the collected bytes and starts over. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.length);
    this.#buffer = Buffer.allocUnsafe(64 * 1024);
    this.length = 0;
    return bytes;
  }

  /** The highest significant byte moves to the front, after as many one bits as there are bytes beyond `least`. */
  #variable(low: number, high: number, least: number, most: number): void {
    const start = this.#room(9);
    const buffer = this.#buffer;
    buffer.writeInt32LE(low | 0, start + 1);
    buffer.writeInt32LE(high | 0, start + 5);
    let count = most;
    while (count > least && buffer[start + count] === 0) count--;
    const top = buffer[start + count] ?? 0;
    const bit = 1 << (7 - count + least);
    if (top >= bit) {
      count++;
      buffer[start] = ~(bit - 1);
    } else if (count > least) {
      buffer[start] = top | ~(bit * 2 - 1);
    } else {
      buffer[start] = top;
    }
    this.length = start + count;
  }

  /** Reserves `bytes` bytes and returns their offset; may reallocate the buffer. */
  #room(bytes: number): number {
    const at = this.length;
    this.length = at + bytes;
    if (this.length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.length));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    return at;
  }
}

/** How many bytes follow the first of a variable integer; rsync/io.c:int_byte_extra. */
export function followingBytes(first: number): number {
  return first < 0x80 ? 0 : Math.min(Math.clz32(~(first << 24)), 6);
}

/** Decodes a varint from its first byte and the `followingBytes` after it; rsync/io.c:read_varint. */
export function decodeVarint(first: number, rest: Uint8Array): number {
  const extra = rest.length;
  if (extra > 4) throw brokenStream("an integer of more than 32 bits");
  let value = 0;
  for (let i = 0; i < extra; i++) value |= (rest[i] ?? 0) << (8 * i);
  const top = extra === 0 ? first : first & ((1 << (8 - extra)) - 1);
  return extra === 4 ? value : value | (top << (8 * extra));
}

/**
 * Decodes a varlong from its first byte and the ones after it, `least` - 1 and the `followingBytes`; rsync/io.c:read_varlong.
 */
export function decodeVarlong(first: number, rest: Uint8Array, least: number): number {
  const extra = rest.length - (least - 1);
  if (rest.length > 8) throw brokenStream("an integer of more than 64 bits");
  const bytes = Buffer.alloc(8);
  bytes.set(rest);
  if (rest.length < 8) bytes[rest.length] = extra === 0 ? first : first & ((1 << (8 - extra)) - 1);
  return Number(bytes.readBigInt64LE());
}

/** Writes file indices as differences; rsync/io.c:write_ndx. */
export class IndexEncoder {
  #positive = -1;
  #negative = 1;

  encode(index: number, to: ByteWriter): void {
    if (index === INDEX.done) {
      to.byte(0);
    } else if (index >= 0) {
      encodeDifference(index, this.#positive, to);
      this.#positive = index;
    } else {
      to.byte(0xff);
      encodeDifference(-index, this.#negative, to);
      this.#negative = -index;
    }
  }
}

function encodeDifference(index: number, previous: number, to: ByteWriter): void {
  const difference = index - previous;
  if (difference > 0 && difference < 0xfe) {
    to.byte(difference);
  } else if (difference < 0 || difference > 0x7fff) {
    to.byte(0xfe);
    to.byte((index >>> 24) | 0x80);
    to.byte(index & 0xff);
    to.byte((index >>> 8) & 0xff);
    to.byte((index >>> 16) & 0xff);
  } else {
    to.byte(0xfe);
    to.byte(difference >>> 8);
    to.byte(difference & 0xff);
  }
}

/** Reads something bit by bit: yields how many bytes it needs next, and gets them. */
export type Parse<T> = Generator<number, T, Buffer>;

/** 32 bits in 1 to 5 bytes; rsync/io.c:read_varint. */
export function* varint(): Parse<number> {
  const first = (yield 1)[0] ?? 0;
  return decodeVarint(first, yield followingBytes(first));
}

/** The other direction of IndexEncoder; rsync/io.c:read_ndx. */
export class IndexDecoder {
  #positive = -1;
  #negative = 1;

  *decode(): Parse<number> {
    const first = (yield 1)[0] ?? 0;
    if (first === 0) return INDEX.done;
    if (first !== 0xff) {
      this.#positive = first === 0xfe ? yield* afar(this.#positive) : this.#positive + first;
      return this.#positive;
    }
    const next = (yield 1)[0] ?? 0;
    this.#negative = next === 0xfe ? yield* afar(this.#negative) : this.#negative + next;
    return -this.#negative;
  }
}

/** An index that is not just after the one before it. */
function* afar(previous: number): Parse<number> {
  const difference = (yield 2).readUInt16BE(0);
  if (difference <= 0x7fff) return previous + difference;
  const middle = yield 2;
  return ((difference & 0x7f00) << 16) | (middle.readUInt16LE(0) << 8) | (difference & 0xff);
}

/** The other side does not speak rsync's protocol, or violates it. */
export function brokenStream(what: string): Failure {
  return new Failure(`rsync on the target sent ${what}, which its protocol does not allow`, {
    code: "rsync-incompatible",
    remedy: "check `rsync --version` on the target; `devtool provision` installs Debian's",
  });
}
