import { bootId, type ProcessIdentity } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { emptyCgroups } from "../resources/cgroup.ts";
import { identityOf, isResource, type Resource, type Surroundings, undo } from "../resources/resource.ts";
import { isOneOf, isRecordOf, isText, type Shape } from "../shape.ts";
import { type Timer, timed } from "./timed.ts";

/** One thing that a container has on the host. It is recorded before it is made, so that another process can undo it. */
export interface Entry {
  readonly resource: Resource;
  /** It lasts until the exit of the container's command, or until the removal of the container. */
  readonly until: "exit" | "removal";
  /** The boot in which it was made: kernel objects of an earlier one are gone. */
  readonly boot: string;
}

export const isEntry: Shape<Entry> = isRecordOf({
  resource: isResource,
  until: isOneOf("exit", "removal"),
  boot: isText,
});

export function entry(resource: Resource, until: Entry["until"]): Entry {
  return { resource, until, boot: bootId() };
}

/** Undoes the entries, last first. Throws Failure at the first that can't be undone: it may depend on those before it. */
export async function undoAll(
  shim: Shim,
  places: Surroundings,
  entries: readonly Entry[],
  timer?: Timer,
): Promise<void> {
  // One that is frozen would not end.
  if (processOf(entries)) endFrozen(places, entries);
  for (const { resource, boot } of entries.toReversed())
    await timed(timer, resource, () => undo(shim, places, resource, boot));
}

/** Ends the processes of a container that were frozen, from outside or by itself. */
export function endFrozen(places: Surroundings, entries: readonly Entry[]): void {
  for (const { resource } of entries) if (resource.kind === "cgroups") emptyCgroups(places, resource);
}

/** The container's process, if one of the entries is it. */
export function processOf(entries: readonly Entry[]): ProcessIdentity | undefined {
  const last = entries.findLast(({ resource }) => resource.kind === "process");
  return last?.resource.kind === "process" ? identityOf(last.resource, last.boot) : undefined;
}
