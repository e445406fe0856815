import { renameSync } from "node:fs";
import { join } from "node:path";
import { recordEvent } from "../events/record.ts";
import { doneUnless, Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import type { Shim } from "../host/shim.ts";
import { findAll } from "../state/containers.ts";
import { clearLeftovers } from "./leftovers.ts";
import { hasCode, makeUnderWay, readVolume, type Volume, volumeNames, volumesDirectory, volumesIn } from "./store.ts";

/** The containers that have it, whether they run or not. */
export function usersOf(root: string, name: string): string[] {
  return findAll(root)
    .filter(({ record }) => volumesIn(record.spec, root).some((volume) => volume.name === name))
    .map(({ record }) => record.name);
}

/** Throws Failure (exit 125) if there is none, or a container has it. */
export async function removeVolume(shim: Shim, root: string, name: string): Promise<void> {
  if (!readVolume(root, name)) throw noSuchVolume(name);
  refuseUsed(root, name);
  const volume = join(volumesDirectory(root), name);
  const removed = join(makeUnderWay(root), name);
  // One rename hides it, so a killed removal leaves no half of it; the next one does the rest.
  recordEvent(root, { type: "volume", action: "destroy", id: name, attributes: { driver: "local" } });
  if (!hidden(volume, removed)) {
    await clearLeftovers(shim, root);
    throw noSuchVolume(name);
  }
  if (usersOf(root, name).length > 0 && restored(removed, volume)) refuseUsed(root, name);
  const result = await shim.remove(removed);
  if (result < 0)
    throw new Failure(`can't remove the volume ${name}: ${errnoText(-result)}`, { code: "cleanup-failed" });
  await clearLeftovers(shim, root);
}

/** False if another command has removed it meanwhile. */
function hidden(volume: string, removed: string): boolean {
  try {
    renameSync(volume, removed);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** False if the container that came between has made a new one. */
function restored(removed: string, volume: string): boolean {
  try {
    renameSync(removed, volume);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOTEMPTY") || hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

function refuseUsed(root: string, name: string): void {
  const users = usersOf(root, name);
  if (users.length === 0) return;
  throw new Failure(`the volume ${name} is in use by ${users.join(", ")}`, {
    code: "volume-in-use",
    remedy: `remove what uses it first: tinydocker rm ${users.join(" ")}`,
  });
}

export function noSuchVolume(name: string): Failure {
  return new Failure(`there is no volume ${name}`, {
    code: "volume-not-found",
    remedy: `tinydocker volume create ${name} makes it; tinydocker volume ls lists those there are`,
  });
}

/** Removes the wanted ones that no container has. Returns their names. */
export async function pruneVolumes(shim: Shim, root: string, isWanted: (volume: Volume) => boolean): Promise<string[]> {
  const removed: string[] = [];
  for (const name of volumeNames(root)) {
    const volume = readVolume(root, name);
    if (!volume || !isWanted(volume) || usersOf(root, name).length > 0) continue;
    // A container may have come, or another command have removed it.
    if (await doneUnless(["volume-in-use", "volume-not-found"], removeVolume(shim, root, name))) removed.push(name);
  }
  return removed;
}
