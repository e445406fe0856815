import { writeSync } from "node:fs";
import { Failure } from "../failure.ts";
import type { Namespaces } from "../spec/namespaces.ts";
import { errnoText } from "./errno.ts";
import type { Shim } from "./shim.ts";

/** What holds an init back, at each AWAIT of its plan, until something was done for it by its pid. */
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

/** Maps the users of the process and lets it on. Throws Failure; the process then waits until the gate is closed. */
export async function mapAndLetOn(gate: Gate, pid: number, linux: Namespaces): Promise<void> {
  // Loaded only now: starting programs takes 3 ms to load.
  const { mapIds } = await import("./users/id-mapper.ts");
  await mapIds(pid, linux);
  letOn(gate);
}

/** Past one AWAIT. */
export function letOn({ end }: Pick<Gate, "end">): void {
  writeSync(end, "\n");
}
