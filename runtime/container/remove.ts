import { resolve } from "node:path";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { isNoSpace } from "../host/errno.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { begin, type Claim, claimWaiting, release } from "../state/claim.ts";
import { type Entry, undoAll } from "../state/entry.ts";
import { placesOf } from "../state/places.ts";
import { removeRecord } from "../state/record.ts";
import { stateRoot } from "../state/root.ts";
import { find, findExisting } from "../state/status.ts";
import { hostFailure } from "./diagnose.ts";
import { stop } from "./stop.ts";
import { checkWritable } from "./writable.ts";

/** Removes a container and everything it wrote. Throws Failure if it is running or does not exist. */
export async function remove(name: string): Promise<void> {
  const shim = await openShim();
  try {
    const held = await claimWaiting(shim, resolve(stateRoot()), name);
    try {
      const { record } = findExisting(held.places, name);
      containerEvent(held.places.root, "destroy", record);
      await beginOrUndo(shim, held, record.entries);
      // Without the record it is no longer kept: if this process is killed, the next start removes the rest.
      removeRecord(held.places.record);
    } finally {
      await release(shim, held);
    }
  } catch (error) {
    throw hostFailure(error);
  }
}

/** A full disk has no room for a journal: what there is goes first then, and the record with it if this process is not killed. */
async function beginOrUndo(shim: Shim, held: Claim, entries: readonly Entry[]): Promise<void> {
  try {
    begin(held, entries);
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    await undoAll(shim, held.places, entries);
  }
}

/** The same, and ends it first where it is running. Throws Failure if it does not exist. */
export async function removeByForce(name: string): Promise<void> {
  const places = placesOf(resolve(stateRoot()), name);
  findExisting(places, name);
  checkWritable(places.root);
  await stop(name, { signal: "SIGKILL" });
  // One that is removed at its exit is gone now.
  if (find(places)) await removeIfThere(name);
}

async function removeIfThere(name: string): Promise<void> {
  try {
    await remove(name);
  } catch (error) {
    if (!(error instanceof Failure && error.code === "container-not-found")) throw error;
  }
}
