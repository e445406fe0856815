import { mkdtemp, rm } from "node:fs/promises";

/** What a benchmark has created and must remove, in reverse order. */
export interface Scope extends AsyncDisposable {
  after(cleanup: () => Promise<unknown>): void;
}

export function openScope(): Scope {
  const cleanups: (() => Promise<unknown>)[] = [];
  return {
    after: (cleanup) => void cleanups.push(cleanup),
    async [Symbol.asyncDispose]() {
      for (const cleanup of cleanups.reverse()) await cleanup();
    },
  };
}

/** A directory of the benchmark's own, on a real file system, which /tmp may not be. */
export async function workDirectory(scope: Scope): Promise<string> {
  const directory = await mkdtemp("/var/tmp/tinydocker-bench.");
  scope.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
