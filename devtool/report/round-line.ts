/** A step of the build, and how long it took; undefined: it had nothing to do. */
interface Step {
  readonly name: string;
  readonly took: string | undefined;
}

/** What was done for one target. */
interface Own {
  readonly done: string[];
  readonly steps: Step[];
}

/** What is said of a round in one line when it is over: for each target, what was done for all of them, and for it. */
export class RoundLine {
  /** By what was done: a bundle that is made anew, as a save came in the middle of it, counts as it was made last. */
  #shared = new Map<string, string>();
  readonly #own = new Map<string, Own>();

  /** What lines about a target begin with, once there are several. */
  labelOf(target: string | undefined): string {
    if (target === undefined) return "";
    if (!this.#own.has(target)) this.#own.set(target, nothing());
    return this.#own.size > 1 ? `${target}: ` : "";
  }

  /** Forgets what was done for a target, or for all. */
  begin(target: string | undefined): void {
    if (target !== undefined) this.#own.set(target, nothing());
    else for (const own of this.#own.keys()) this.#own.set(own, nothing());
    if (target === undefined || this.#own.size === 1) this.#shared = new Map();
  }

  add(target: string | undefined, done: string, text: string): void {
    if (target === undefined) this.#shared.set(done, text);
    else this.#own.get(target)?.done.push(text);
  }

  addStep(target: string | undefined, name: string, took: string | undefined): void {
    this.#own.get(target ?? "")?.steps.push({ name, took });
  }

  /** The lines that end with `last`: of a target, or of all where they end at once. */
  over(target: string | undefined, last: string): string[] {
    if (target === undefined && this.#own.size > 1) {
      const begun = [...this.#own.keys()].filter((own) => wordsOf(this.#own.get(own)).length > 0);
      if (begun.length === 0) return [[...this.#take(undefined), last].join(", ")];
      return [...begun.map((own) => this.labelOf(own) + this.#take(own).join(", ")), last];
    }
    return [[...this.#take(target ?? [...this.#own.keys()][0]), last].join(", ")];
  }

  #take(target: string | undefined): string[] {
    const parts = [...this.#shared.values(), ...wordsOf(this.#own.get(target ?? ""))];
    this.begin(target);
    return parts;
  }
}

function nothing(): Own {
  return { done: [], steps: [] };
}

function wordsOf({ done, steps }: Own = nothing()): string[] {
  return [...done, ...stepWords(steps)];
}

/** Of several steps those that did something are named. */
function stepWords(steps: readonly Step[]): string[] {
  if (steps.length === 0) return [];
  const busy = steps.filter(({ took }) => took !== undefined);
  if (busy.length === 0) return ["nothing to compile"];
  return busy.map(({ name, took }) => (steps.length === 1 ? `compiled in ${took}` : `${name} took ${took}`));
}
