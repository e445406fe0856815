import type { Filter } from "../ignore/filter.ts";

/** One thing to build in the mirror, as data. make is the only tool today; another is a file beside make.ts. */
export interface BuildStep {
  /** For messages. */
  readonly name: string;
  /** Relative to the project, posix. What is built lies here, and all that it is built from. */
  readonly folder: string;
  /** What to run in the mirror. */
  readonly argv: readonly string[];
  /** Which of the folder's files it is built from: those that are in the mirror because the project has them. */
  readonly inputs: Pick<Filter, "includes">;
}
