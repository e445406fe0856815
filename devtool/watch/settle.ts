/** More paths than this at once, such as after a branch switch, are a storm. */
export const STORM_PATHS = 200;
/** Paths are passed on once no more have arrived for this long… */
const QUIET_MS = { save: 5, storm: 250 } as const;
/** …or the first of them has waited this long. */
const WAIT_MAX_MS = { save: 150, storm: 5_000 } as const;
/** While git works on the files they wait for its end: as long as more arrive within this time, and no longer than that. */
const GIT_QUIET_MS = 1_000;
const GIT_WAIT_MAX_MS = 30_000;
/** How often it is looked whether git has ended. */
const GIT_LOOK_MS = 10;

/**
 * Collects paths until no more arrive, since one save causes several events. A program that keeps writing can't delay
 * it forever.
 */
export class Settling {
  readonly #settled: (paths: readonly string[], since: number) => void;
  readonly #isGitAtWork: () => boolean;
  readonly #clock: () => number;
  readonly #waiting = new Set<string>();
  #firstAt = 0;
  #lastAt = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `since`: when the first of the paths arrived, on the clock. */
  constructor(
    settled: (paths: readonly string[], since: number) => void,
    isGitAtWork: () => boolean,
    clock = () => performance.now(),
  ) {
    this.#settled = settled;
    this.#isGitAtWork = isGitAtWork;
    this.#clock = clock;
  }

  add(path: string): void {
    const now = this.#clock();
    if (this.#waiting.size === 0) this.#firstAt = now;
    this.#lastAt = now;
    this.#waiting.add(path);
    const kind = this.#waiting.size > STORM_PATHS ? "storm" : "save";
    const left = this.#firstAt + WAIT_MAX_MS[kind] - now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#due(), Math.max(0, Math.min(QUIET_MS[kind], left)));
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

  #due(): void {
    const now = this.#clock();
    const mayWait = now - this.#lastAt < GIT_QUIET_MS && now - this.#firstAt < GIT_WAIT_MAX_MS;
    if (mayWait && this.#isGitAtWork()) this.#timer = setTimeout(() => this.#due(), GIT_LOOK_MS);
    else this.#flush();
  }

  #flush(): void {
    const paths = [...this.#waiting];
    this.#waiting.clear();
    this.#settled(paths, this.#firstAt);
  }
}
