import type { ChangeSet } from "./watch.ts";

/** Changes that no round has taken yet. */
export class PendingChanges {
  #changes: ChangeSet | undefined;
  #wake: () => void = () => {};
  #arrived = this.#nextArrival();

  put(changes: ChangeSet): void {
    this.#changes = this.#changes === undefined ? changes : union(this.#changes, changes);
    this.#wake();
  }

  get isEmpty(): boolean {
    return this.#changes === undefined;
  }

  /** They stay pending. */
  get all(): ChangeSet {
    return this.#changes ?? { paths: [], since: performance.now() };
  }

  /** Whether there are changes, all of them of such paths. */
  areOnly(isSuch: (path: string) => boolean): boolean {
    return this.#changes?.paths?.every(isSuch) === true;
  }

  /** Settles once there are changes. */
  arrived(): Promise<void> {
    return this.#arrived;
  }

  take(): ChangeSet {
    const changes = this.all;
    this.#changes = undefined;
    this.#arrived = this.#nextArrival();
    return changes;
  }

  #nextArrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function union(a: ChangeSet, b: ChangeSet): ChangeSet {
  const paths = a.paths && b.paths && [...new Set([...a.paths, ...b.paths])];
  return { paths, since: Math.min(a.since, b.since) };
}

export function everything(since: number): ChangeSet {
  return { paths: null, since };
}
