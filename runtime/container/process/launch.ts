import type { Shim } from "../../host/shim.ts";
import type { Life } from "../../spec/life.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import type { Claim } from "../../state/claim.ts";
import type { Attached } from "../network/attached.ts";
import type { StartOptions } from "../running/container.ts";

/** What a start needs. */
export interface Launch {
  readonly shim: Shim;
  readonly spec: ContainerSpec;
  readonly id: string;
  readonly options: StartOptions;
  readonly held: Claim;
  readonly network: Attached;
  /** The upper layer is kept after the exit, so it can't be in memory. */
  readonly kept: boolean;
  /** A monitor is the process's parent, so that it outlives this program. */
  readonly life?: Life;
}
