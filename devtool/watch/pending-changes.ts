import type { ChangeSet } from "./watch.ts";

/** Changes that nobody has worked on yet. */
export interface Inbox {
  put(changes: ChangeSet): void;
  hasNews(): boolean;
  /** Settles once there is something to take. */
  arrived(): Promise<void>;
  take(): ChangeSet;
}

export function createInbox(): Inbox {
  let waiting: ChangeSet | undefined;
  let tell: () => void = () => {};
  let told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    put: (changes) => {
      waiting = waiting === undefined ? changes : both(waiting, changes);
      tell();
    },
    hasNews: () => waiting !== undefined,
    arrived: () => told,
    take: () => {
      const taken = waiting ?? { paths: [] };
      waiting = undefined;
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
