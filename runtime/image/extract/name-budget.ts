import { BadImage } from "../archive/entry.ts";

/** Far above any root file system, and low enough that a hostile archive is refused before memory is exhausted. */
const NAMES_MAX = 1_000_000;
const NAME_BYTES_MAX = 32 * 1_024 ** 2;

/** Limits the names of one kind that stay in memory; `what` names the kind for messages. */
export class NameBudget {
  readonly #what: string;
  readonly #scale: number;
  #names = 0;
  #bytes = 0;

  constructor(what: string, scale = 1) {
    this.#what = what;
    this.#scale = scale;
  }

  /** Throws BadImage when it is used up. */
  take(name: string): void {
    this.#names += 1;
    this.#bytes += name.length;
    if (this.#names > this.#scale * NAMES_MAX || this.#bytes > this.#scale * NAME_BYTES_MAX)
      throw new BadImage(`it contains more ${this.#what} than any root file system`);
  }
}
