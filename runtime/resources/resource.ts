import type { ProcessIdentity } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { isEither, type Shape } from "../shape.ts";
import { type Directory, isDirectory, removeDirectory } from "./directory.ts";
import { endProcess, isProcess, type Process } from "./process.ts";

/**
 * What a container has outside itself, one file a kind. A new kind is one more member here and below; undoing one that
 * is not there, or no longer, must succeed.
 */
export type Resource = Directory | Process;

export const isResource: Shape<Resource> = isEither(isDirectory, isProcess);

/** `boot`: of the machine's start in which it was made; the kernel's own objects did not outlive that. Throws Failure. */
export async function undo(shim: Shim, resource: Resource, boot: string): Promise<void> {
  switch (resource.kind) {
    case "directory":
      return removeDirectory(shim, resource);
    case "process":
      return endProcess(shim, identityOf(resource, boot));
  }
}

export function identityOf({ pid, startTime }: Process, boot: string): ProcessIdentity {
  return { pid, startTime, boot };
}
