import type { ProcessIdentity } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { isEither, type Shape } from "../shape.ts";
import { type CgroupOwner, type Cgroups, isCgroups, removeCgroups } from "./cgroup.ts";
import { type ContainerLease, isContainerLease } from "./container-lease.ts";
import { type Directories, type Directory, isDirectory, removeDirectory } from "./directory.ts";
import { type Helper, isHelper } from "./helper.ts";
import { freeLease } from "./lease.ts";
import { endProcess, isProcess, type Process } from "./process.ts";
import { isOwnVolume, type OwnVolume, removeOwnVolume } from "./volume.ts";

/**
 * What a container has on the host, one file for each kind. A new kind is one more member here and one more case below.
 * Undoing one that does not exist, or no longer does, must succeed.
 */
export type Resource = Directory | Process | Helper | ContainerLease | Cgroups | OwnVolume;

export const isResource: Shape<Resource> = isEither(
  isEither(isDirectory, isEither(isProcess, isHelper)),
  isEither(isContainerLease, isEither(isCgroups, isOwnVolume)),
);

/** Where a container's resources are: its directories, its key, and the state directory. */
export type Surroundings = Directories & CgroupOwner;

/** `boot`: the boot in which it was made; kernel objects of an earlier boot are gone. Throws Failure. */
export async function undo(shim: Shim, places: Surroundings, resource: Resource, boot: string): Promise<void> {
  switch (resource.kind) {
    case "directory":
      return removeDirectory(shim, places, resource);
    case "process":
    case "helper":
      return endProcess(shim, identityOf(resource, boot));
    case "lease":
      return freeLease(shim, places.root, resource);
    case "cgroups":
      return removeCgroups(places, resource);
    case "volume":
      return removeOwnVolume(shim, places, resource);
  }
}

export function identityOf({ kind, ...process }: Process | Helper, boot: string): ProcessIdentity {
  return { ...process, boot };
}
