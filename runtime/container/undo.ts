import { resolve } from "node:path";
import { openShim } from "../host/shim.ts";
import { claimKey, release } from "../state/claim.ts";
import { stateRoot } from "../state/root.ts";

/** Undoes what a container that ended has outside; of one that is removed at its exit, all of it. Returns an exit code. */
export async function undoEnded(key: string): Promise<number> {
  try {
    const shim = await openShim();
    await release(shim, await claimKey(shim, resolve(stateRoot()), key));
    return 0;
  } catch {
    // Another command has done it or is at it, or it can't be undone: the next one says so.
    return 1;
  }
}
