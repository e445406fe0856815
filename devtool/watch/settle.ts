/** More paths than this at once, such as after a branch switch, are a storm. */
export const STORM_PATHS = 200;
/** Paths are passed on once no more have arrived for this long… */
const QUIET_MS = { save: 5, storm: 250 } as const;
/** …or the first of them has waited this long. */
const WAIT_MAX_MS = { save: 150, storm: 5_000 } as const;

/**
 * Collects paths until no more arrive, since one save causes several events. A program that keeps writing can't delay
 * it forever.
 */
export class Settling {
  readonly #settled: (paths: readonly string[], since: number) => void;
  readonly #clock: () => number;
  readonly #waiting = new Set<string>();
  #firstAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `since`: when the first of the paths arrived, on the clock. */
  constructor(settled: (paths: readonly string[], since: number) => void, clock = () => performance.now()) {
    this.#settled = settled;
    this.#clock = clock;
  }

  add(path: string): void {
    const now = this.#clock();
    if (this.#waiting.size === 0) this.#firstAt = now;
    this.#waiting.add(path);
    const kind = this.#waiting.size > STORM_PATHS ? "storm" : "save";
    const left = this.#firstAt + WAIT_MAX_MS[kind] - now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, Math.min(QUIET_MS[kind], left)));
  }

  /** Passes on what is waiting, without waiting for more. */
  settleNow(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.size > 0) this.#flush();
  }

  /** Drops what is still waiting. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #flush(): void {
    const paths = [...this.#waiting];
    this.#waiting.clear();
    this.#settled(paths, this.#firstAt);
  }
}
