/** A 64-bit integer that wraps around, changed in place, in two halves: BigInt takes twenty times as long. */
export class Word64 {
  high: number;
  low: number;

  constructor(high: number, low: number) {
    this.high = high | 0;
    this.low = low | 0;
  }

  set({ high, low }: Readonly<Halves>): this {
    this.high = high | 0;
    this.low = low | 0;
    return this;
  }

  add({ high, low }: Readonly<Halves>): this {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
    this.low = sum | 0;
    return this;
  }

  xor({ high, low }: Readonly<Halves>): this {
    this.high ^= high;
    this.low ^= low;
    return this;
  }

  /** The upper half of the product of the low halves is put together from products of 16 bits. */
  multiply({ high, low }: Readonly<Halves>): this {
    const a0 = this.low & 0xffff;
    const a1 = this.low >>> 16;
    const b0 = low & 0xffff;
    const b1 = low >>> 16;
    const p0 = Math.imul(a0, b0);
    const p1 = Math.imul(a0, b1);
    const p2 = Math.imul(a1, b0);
    const middle = (p0 >>> 16) + (p1 & 0xffff) + (p2 & 0xffff);
    const carried = Math.imul(a1, b1) + (p1 >>> 16) + (p2 >>> 16) + (middle >>> 16);
    this.high = (carried + Math.imul(this.high, low) + Math.imul(this.low, high)) | 0;
    this.low = Math.imul(this.low, low);
    return this;
  }

  /** By 1 to 31 bits. */
  rotateLeft(bits: number): this {
    const { high, low } = this;
    this.high = (high << bits) | (low >>> (32 - bits));
    this.low = (low << bits) | (high >>> (32 - bits));
    return this;
  }

  /** Exclusive or with itself, shifted to the right by 29 to 33 bits. */
  xorShiftedRight(bits: number): this {
    const { high, low } = this;
    if (bits >= 32) {
      this.low ^= high >>> (bits - 32);
    } else {
      this.high ^= high >>> bits;
      this.low ^= (low >>> bits) | (high << (32 - bits));
    }
    return this;
  }
}

export interface Halves {
  high: number;
  low: number;
}
