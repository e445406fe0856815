import type { Blob } from "./blob.ts";

/** Where a saved image says that its parts are. */
export interface Manifest {
  readonly config: Blob;
  /** The lowest first. */
  readonly layers: readonly Blob[];
}
