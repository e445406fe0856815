import type { Resource } from "../resources/resource.ts";

/** What is done at the end of a container, in the words of explain/reason.ts, or undone. */
export type Part =
  | "letEnd"
  | "thaw"
  | "stopSignal"
  | "killSignal"
  | "awaitEnd"
  | "awaitEndForEver"
  | "killLate"
  | "takeName"
  | "removeRecord"
  | "freeName"
  | Resource;

/** Is told how long each took. */
export type Timer = (part: Part, nanoseconds: bigint) => void;

export async function timed<T>(timer: Timer | undefined, part: Part, work: () => T | Promise<T>): Promise<T> {
  if (!timer) return work();
  const begin = process.hrtime.bigint();
  try {
    return await work();
  } finally {
    timer(part, process.hrtime.bigint() - begin);
  }
}
