/** linux/bpf_common.h: the instructions a filter consists of. */
const BPF = { load: 0x20, and: 0x54, jump: 0x05, return: 0x06 } as const;

/** Compares what was loaded with a constant. */
export const TEST = { equal: 0x15, above: 0x25, atLeast: 0x35 } as const;

/** An instruction, by the number of instructions from it to the end of the program. */
export type Label = number;

/** The distances of a conditional jump are bytes; one less, because the other target may need an instruction as well. */
const REACH = 254;

/** A classic BPF program, written from its end: what an instruction leads to has been added before it. */
export class Program {
  /** Two of each instruction, the last instruction first: its constant, then its code with the distances. */
  readonly #words: number[] = [];
  readonly #returns = new Map<number, Label>();

  /** Ends the program with that value. */
  return(value: number): Label {
    const known = this.#returns.get(value);
    if (known !== undefined && this.#distance(known) < REACH) return known;
    const added = this.#add(BPF.return, value);
    this.#returns.set(value, added);
    return added;
  }

  /** Loads 4 bytes of the input, and goes on at `next`. */
  load(offset: number, next: Label): Label {
    return this.#addBefore(next, BPF.load, offset);
  }

  /** Clears the other bits of what was loaded, and goes on at `next`. */
  mask(bits: number, next: Label): Label {
    return this.#addBefore(next, BPF.and, bits);
  }

  /** Goes on at `yes` if the test is true of what was loaded, else at `no`. */
  test(test: number, constant: number, yes: Label, no: Label): Label {
    const nearYes = this.#near(yes);
    const nearNo = this.#near(no);
    return this.#add(test | (this.#distance(nearYes) << 16) | (this.#distance(nearNo) << 24), constant);
  }

  /** struct sock_filter, as two little-endian words each: code and distances, then the constant. */
  words(): number[] {
    return this.#words.toReversed();
  }

  #add(code: number, constant: number): Label {
    return this.#words.push(constant >>> 0, code >>> 0) / 2;
  }

  #addBefore(next: Label, code: number, constant: number): Label {
    if (this.#distance(next) > 0) this.#add(BPF.jump, this.#distance(next));
    return this.#add(code, constant);
  }

  /** How many instructions lie between the next one to be added and that one. */
  #distance(label: Label): number {
    return this.#words.length / 2 - label;
  }

  /** A label that a conditional jump reaches: itself, or a new jump to it. */
  #near(label: Label): Label {
    return this.#distance(label) < REACH ? label : this.#add(BPF.jump, this.#distance(label));
  }
}
