/** A timeout that is paused while a person is asked something, and starts again in full after the answer. */
export class Deadline {
  readonly #expired: () => void;
  #limitMs: number;
  #timer: NodeJS.Timeout | undefined;
  #pauses = 0;
  #isStopped = false;

  constructor(limitMs: number, expired: () => void) {
    this.#limitMs = limitMs;
    this.#expired = expired;
    this.#start();
  }

  /** Pauses the deadline until `work` settles. */
  async pauseDuring<T>(work: Promise<T>): Promise<T> {
    this.#pauses++;
    clearTimeout(this.#timer);
    try {
      return await work;
    } finally {
      this.#pauses--;
      this.#start();
    }
  }

  /** Starts again with another limit. */
  restart(limitMs: number): void {
    this.#limitMs = limitMs;
    this.#start();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #start(): void {
    clearTimeout(this.#timer);
    if (!this.#isStopped && this.#pauses === 0) this.#timer = setTimeout(this.#expired, this.#limitMs);
  }
}
