import { type Halves, Word64 } from "./word64.ts";

/** xxHash's doc/xxhash_spec.md, which names the steps below. */
const PRIME_1: Halves = { high: 0x9e3779b1, low: 0x85ebca87 };
const PRIME_2: Halves = { high: 0xc2b2ae3d, low: 0x27d4eb4f };
const PRIME_3: Halves = { high: 0x165667b1, low: 0x9e3779f9 };
const PRIME_4: Halves = { high: 0x85ebca77, low: 0xc2b2ae63 };
const PRIME_5: Halves = { high: 0x27d4eb2f, low: 0x165667c5 };
const STRIPE_BYTES = 32;

/** The hash that ends a Zstandard frame: XXH64 with seed 0, of bytes that come in pieces. */
export class Xxh64 {
  readonly #lanes = [
    word(PRIME_1).add(PRIME_2),
    word(PRIME_2),
    new Word64(0, 0),
    new Word64(~PRIME_1.high, ~PRIME_1.low).add({ high: 0, low: 1 }),
  ] as const;
  readonly #input = new Word64(0, 0);
  /** The bytes since the last whole stripe. */
  readonly #held = Buffer.alloc(STRIPE_BYTES);
  #length = 0;

  update(bytes: Buffer): void {
    const held = this.#length % STRIPE_BYTES;
    this.#length += bytes.length;
    let at = 0;
    if (held > 0) {
      at = bytes.copy(this.#held, held, 0, STRIPE_BYTES - held);
      if (held + at < STRIPE_BYTES) return;
      this.#stripe(this.#held, 0);
    }
    for (; at + STRIPE_BYTES <= bytes.length; at += STRIPE_BYTES) this.#stripe(bytes, at);
    bytes.copy(this.#held, 0, at);
  }

  /** The low half, which is all that a frame stores. */
  low32(): number {
    const sum = this.#converged().add(lengthOf(this.#length));
    const rest = this.#held.subarray(0, this.#length % STRIPE_BYTES);
    return avalanche(consumed(sum, rest)).low >>> 0;
  }

  #stripe(bytes: Buffer, at: number): void {
    const [one, two, three, four] = this.#lanes;
    round(one, read(this.#input, bytes, at));
    round(two, read(this.#input, bytes, at + 8));
    round(three, read(this.#input, bytes, at + 16));
    round(four, read(this.#input, bytes, at + 24));
  }

  #converged(): Word64 {
    if (this.#length < STRIPE_BYTES) return word(PRIME_5);
    const [one, two, three, four] = this.#lanes;
    const sum = word(one).rotateLeft(1);
    sum.add(word(two).rotateLeft(7)).add(word(three).rotateLeft(12)).add(word(four).rotateLeft(18));
    for (const lane of this.#lanes)
      sum
        .xor(round(new Word64(0, 0), word(lane)))
        .multiply(PRIME_1)
        .add(PRIME_4);
    return sum;
  }
}

function word({ high, low }: Readonly<Halves>): Word64 {
  return new Word64(high, low);
}

function lengthOf(bytes: number): Halves {
  return { high: Math.floor(bytes / 2 ** 32), low: bytes >>> 0 };
}

function read(into: Word64, bytes: Buffer, at: number): Word64 {
  into.low = int32(bytes, at);
  into.high = int32(bytes, at + 4);
  return into;
}

/** With Buffer.readInt32LE the whole hash takes half as long again. */
function int32(bytes: Buffer, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

/** Changes `input` too. */
function round(lane: Word64, input: Word64): Word64 {
  return lane.add(input.multiply(PRIME_2)).rotateLeft(31).multiply(PRIME_1);
}

function consumed(sum: Word64, rest: Buffer): Word64 {
  let at = 0;
  for (; at + 8 <= rest.length; at += 8) {
    const input = read(new Word64(0, 0), rest, at);
    sum
      .xor(round(new Word64(0, 0), input))
      .rotateLeft(27)
      .multiply(PRIME_1)
      .add(PRIME_4);
  }
  if (at + 4 <= rest.length) {
    sum
      .xor(new Word64(0, rest.readInt32LE(at)).multiply(PRIME_1))
      .rotateLeft(23)
      .multiply(PRIME_2)
      .add(PRIME_3);
    at += 4;
  }
  for (const byte of rest.subarray(at)) sum.xor(new Word64(0, byte).multiply(PRIME_5)).rotateLeft(11).multiply(PRIME_1);
  return sum;
}

function avalanche(sum: Word64): Word64 {
  return sum.xorShiftedRight(33).multiply(PRIME_2).xorShiftedRight(29).multiply(PRIME_3).xorShiftedRight(32);
}
