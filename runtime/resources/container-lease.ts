import { isOneOf, isRecordOf, isText, type Shape } from "../shape.ts";

/** A container's addresses and published ports, and its names in the hosts files of others. */
export interface ContainerLease {
  readonly kind: "lease";
  readonly container: string;
}

export const isContainerLease: Shape<ContainerLease> = isRecordOf({ kind: isOneOf("lease"), container: isText });
