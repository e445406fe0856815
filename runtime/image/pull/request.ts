import type { Reference } from "../registry/reference.ts";
import type { LayerProgress } from "./progress.ts";

export interface Pull {
  /** stateRoot(). */
  readonly root: string;
  readonly reference: Reference;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly progress: (layer: LayerProgress) => void;
  /** Called when it turns out that there is something to fetch. */
  readonly fetching?: () => Promise<void>;
  /** For tests: how long a registry may say nothing, and the pauses before further tries; in milliseconds. */
  readonly silence?: number;
  readonly pauses?: readonly number[];
}
