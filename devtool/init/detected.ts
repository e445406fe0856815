import type { DevtoolConfig } from "../config/config.ts";

/** What a project looks like. */
export interface Detected {
  /** In a few words. */
  readonly kind: string;
  readonly config: DevtoolConfig;
  /** Lines of a .gitignore for what it makes beside its sources, where no tool of the configuration has a folder for that. */
  readonly makes?: readonly string[];
  /** The same for folders that its tools fill, of packages and the like, whatever is in them. */
  readonly fills?: readonly string[];
}

/** What a detector may ask about a project. */
export interface Files {
  /** Its folder's name. */
  readonly name: string;
  /** The text of a file; undefined where there is none. */
  text(path: string): Promise<string | undefined>;
  /** The names in a folder, in order; none where it is not there. */
  names(folder: string): Promise<readonly string[]>;
}
