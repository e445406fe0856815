import { existsSync } from "node:fs";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { isNoSpace } from "../host/errno.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { noContainer } from "../spec/name.ts";
import { begin, type Claim, claimAgain, release } from "../state/claim.ts";
import { nameIn } from "../state/containers.ts";
import { type Entry, undoAll } from "../state/entry.ts";
import { type Handle, handleNamed, lookAtExisting } from "../state/handle.ts";
import { placesOf } from "../state/places.ts";
import { removeRecord } from "../state/record.ts";
import { type Timer, timed } from "../state/timed.ts";
import { hostFailure } from "./failure/diagnose.ts";
import { stopAndClaim } from "./stop.ts";
import { undoEnded } from "./undo.ts";
import { checkWritable } from "./writable.ts";

/** Removes a container and everything it wrote. Throws Failure if it is running or does not exist. */
export async function remove(container: Handle, timer?: Timer): Promise<void> {
  try {
    refuseUp(container);
    const shim = await openShim();
    const held = await timed(timer, "takeName", () => claimAgain(shim, container)).catch((error: unknown) => {
      // Another command has started it meanwhile.
      refuseUp(container);
      throw error;
    });
    if (held) held.timer = timer;
    if (!held) throw noContainer(container.name);
    await removeHeld(shim, container, held);
  } catch (error) {
    throw hostFailure(error);
  }
}

function refuseUp(container: Handle): void {
  const { state } = lookAtExisting(container).status;
  if (state !== "running" && state !== "restarting") return;
  throw new Failure(`the container ${container.name} is ${state}`, {
    code: "name-in-use",
    remedy: `tinydocker stop ${container.name} first, or remove it with rm -f`,
  });
}

async function removeHeld(shim: Shim, container: Handle, held: Claim): Promise<void> {
  try {
    const { record } = lookAtExisting(container);
    containerEvent(held.places.root, "destroy", record);
    await beginOrUndo(shim, held, record.entries);
    // Without the record it is no longer kept: if this process is killed, the next start removes the rest.
    await timed(held.timer, "removeRecord", () => removeRecord(held.places.record));
  } finally {
    await release(shim, held);
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
export async function removeByForce(container: Handle, timer?: Timer): Promise<void> {
  lookAtExisting(container);
  checkWritable(container.root);
  const shim = await openShim();
  try {
    const held = await stopAndClaim(shim, container, { signal: "SIGKILL", timer });
    // One that is removed at its exit is gone now.
    if (held) await removeHeld(shim, container, held);
  } catch (error) {
    throw hostFailure(error);
  }
}

/**
 * Waits for who removes a container at its exit, or removes what is left of it where that one was killed: no command finds it by then.
 * One that is found is left as it is.
 */
export async function finishRemoval(root: string, asked: string): Promise<void> {
  const name = nameIn(asked);
  if (name === undefined || handleNamed(root, name)) return;
  const { key, lock } = placesOf(root, name);
  if (existsSync(lock)) await undoEnded(key);
}
