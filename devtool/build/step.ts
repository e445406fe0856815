import type { Filter } from "../ignore/filter.ts";

/** One thing to build in the mirror, as data. make is the only tool so far; another one gets a file next to make.ts. */
export interface BuildStep {
  /** For messages. */
  readonly name: string;
  /** Relative to the project, posix. Contains what is built and everything it is built from. */
  readonly folder: string;
  /** What to run in the mirror. */
  readonly argv: readonly string[];
  /** Selects the files it is built from: those of the folder that are synced. */
  readonly inputs: Pick<Filter, "includes">;
}
