import type { Filter } from "../ignore/filter.ts";

/** One thing to build in the mirror, as data. Each tool has a file that makes it from the configuration. */
export interface BuildStep {
  /** For messages, and unlike those of the other steps. */
  readonly name: string;
  /** Where it runs, relative to the project, posix; empty: the project's own folder. */
  readonly folder: string;
  readonly argv: readonly string[];
  /** Builds what may look up to date but is not: other options, another machine. Default: `argv`. */
  readonly anew?: readonly string[];
  /** Exits with 0 where everything is built. Without it, what a step built is taken to be still there. */
  readonly query?: readonly string[];
  /** Whether a newer save waits for it, such as an installation or a migration, which would be left half done. */
  readonly runsToEnd: boolean;
  /** Selects the files it is built from. Paths are relative to the project. */
  readonly inputs: Pick<Filter, "includes" | "isSelected">;
}
