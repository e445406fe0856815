import type { Filter } from "../ignore/filter.ts";
import type { LocalProject } from "./send/local.ts";

export interface SyncRequest extends LocalProject {
  /** An absolute path on the target; created if missing. Nothing outside it is written or deleted. */
  readonly mirror: string;
  /** The target's rsync, where it is not the one in its PATH. */
  readonly rsync?: string | undefined;
  readonly filter: Filter;
  /** Of an earlier report's `paths`, those that the filter excludes now: they are deleted from the mirror nevertheless. */
  readonly withdrawn?: readonly string[] | undefined;
  /** Of the same, those that are not in the project any more, where the receiver can't tell them from what is excluded. */
  readonly gone?: readonly string[] | undefined;
  /**
   * The paths of a watch round, relative to the project, posix, as bytes. Without it everything is compared, and what is not in
   * the project is deleted from the mirror.
   */
  readonly changed?: readonly string[] | undefined;
  /** Called each second while it takes longer. */
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
  /** Called each second while it takes longer, and where it ends before it is done: with what was sent until then, as a report has it. */
  readonly onSent?: ((paths: readonly string[]) => void) | undefined;
  /** Nothing is known to be in the mirror: it may not be there yet. */
  readonly mayBeNew?: boolean | undefined;
  /** Only finds out what a full sync would do: the target changes nothing, and no content is sent. */
  readonly isDryRun?: boolean | undefined;
}

/** How far a sync is: what was sent, of what is listed until now. */
export interface SyncProgress {
  readonly files: number;
  readonly filesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}
