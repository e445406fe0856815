/** A timeout that is paused while a person is asked something, and starts again in full after the answer. */
export class Deadline {
  readonly #limitMs: number;
  readonly #expired: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number, expired: () => void) {
    this.#limitMs = limitMs;
    this.#expired = expired;
    this.#timer = setTimeout(expired, limitMs);
  }

  /** Pauses the deadline until `work` settles. */
  async pauseDuring<T>(work: Promise<T>): Promise<T> {
    if (this.#timer === undefined) return await work;
    clearTimeout(this.#timer);
    try {
      return await work;
    } finally {
      if (this.#timer !== undefined) this.#timer = setTimeout(this.#expired, this.#limitMs);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
