/** What to do about a save while the program runs. */
export const ON_BUSY = ["restart", "queue", "ignore"] as const;
export type OnBusy = (typeof ON_BUSY)[number];

/** What a person asks of the loop while it runs. */
export class Controls {
  #isPaused = false;
  #runs = 0;
  #wake: () => void = () => {};
  #changed = this.#nextChange();

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** How many runs were asked for: each is wanted at once, whatever else holds it up. */
  get runs(): number {
    return this.#runs;
  }

  runAgain(): void {
    this.#runs += 1;
    this.#change();
  }

  togglePause(): void {
    this.#isPaused = !this.#isPaused;
    this.#change();
  }

  /** Settles at the next of these. */
  changed(): Promise<void> {
    return this.#changed;
  }

  #change(): void {
    const wake = this.#wake;
    this.#changed = this.#nextChange();
    wake();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

export interface LoopOptions {
  readonly onBusy: OnBusy;
  readonly controls: Controls;
}
