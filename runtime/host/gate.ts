import { writeSync } from "node:fs";
import { Failure } from "../failure.ts";
import type { Namespaces } from "../spec/namespaces.ts";
import { errnoText } from "./errno.ts";
import type { Shim } from "./shim.ts";

/** What holds an init back until the users of its namespace are mapped. */
export interface Gate {
  /** The init's first slot, closed here once it has it. */
  readonly slot: number;
  readonly end: number;
}

export function openGate(shim: Shim): Gate {
  const ends = new Int32Array(2);
  const result = shim.pipe(ends);
  const [slot = -1, end = -1] = ends;
  if (result === 0) return { slot, end };
  throw new Failure(`can't make a pipe: ${errnoText(-result)}`, { code: "limit-reached" });
}

/** Maps the users of the process and lets it go on. Throws Failure; the process then never does. */
export async function mapAndRelease(shim: Shim, { end }: Gate, pid: number, linux: Namespaces): Promise<void> {
  try {
    // Loaded only now: starting programs takes 3 ms to load.
    const { mapIds } = await import("./users/id-mapper.ts");
    await mapIds(pid, linux);
    writeSync(end, "\n");
  } finally {
    shim.close(end);
  }
}
