import type { ChangeSet } from "./watch.ts";

/** Changes that nobody has worked on yet. */
export interface Inbox {
  /** `since`: when the first of them was seen, on the clock of performance.now(); without it, now. */
  put(changes: ChangeSet, since?: number): void;
  hasNews(): boolean;
  /** Settles once there is something to take. */
  arrived(): Promise<void>;
  /** All of them, and when the first of them was seen. */
  take(): { readonly changes: ChangeSet; readonly since: number };
}

export function createInbox(): Inbox {
  let waiting: ChangeSet | undefined;
  let first = Number.POSITIVE_INFINITY;
  let tell: () => void = () => {};
  let told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    put: (changes, since = performance.now()) => {
      first = Math.min(first, since);
      waiting = waiting === undefined ? changes : both(waiting, changes);
      tell();
    },
    hasNews: () => waiting !== undefined,
    arrived: () => told,
    take: () => {
      const taken = { changes: waiting ?? { paths: [] }, since: Math.min(first, performance.now()) };
      waiting = undefined;
      first = Number.POSITIVE_INFINITY;
      told = new Promise<void>((resolve) => {
        tell = resolve;
      });
      return taken;
    },
  };
}

function both(a: ChangeSet, b: ChangeSet): ChangeSet {
  return { paths: a.paths && b.paths && [...new Set([...a.paths, ...b.paths])] };
}
