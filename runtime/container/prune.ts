import { doneUnless } from "../failure.ts";
import { findAll, handleFound } from "../state/containers.ts";
import type { ContainerRecord } from "../state/record.ts";
import { remove } from "./remove.ts";

/** Removes the wanted ones of those that do not run. Returns their names. Throws Failure. */
export async function pruneContainers(root: string, isWanted: (record: ContainerRecord) => boolean): Promise<string[]> {
  const removed: string[] = [];
  for (const found of findAll(root)) {
    const { record, status } = found;
    if ((status.state !== "created" && status.state !== "stopped") || !isWanted(record)) continue;
    // Another command may have started it, or removed it.
    const isRemoved = await doneUnless(["name-in-use", "container-not-found"], remove(handleFound(root, found)));
    if (isRemoved) removed.push(record.name);
  }
  return removed;
}
