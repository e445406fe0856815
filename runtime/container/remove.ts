import { resolve } from "node:path";
import { openShim } from "../host/shim.ts";
import { begin, claim, release } from "../state/claim.ts";
import { removeRecord } from "../state/record.ts";
import { stateRoot } from "../state/root.ts";
import { findExisting } from "../state/status.ts";
import { hostFailure } from "./diagnose.ts";

/** Removes a container that does not run, with all that it wrote. Throws Failure when it runs, and when there is none. */
export async function remove(name: string): Promise<void> {
  const shim = await openShim();
  try {
    const held = await claim(shim, resolve(stateRoot()), name);
    try {
      const { record } = findExisting(held.places, name);
      begin(held, record.entries);
      // From here on nothing says that it is kept, so whoever comes after a kill removes the rest.
      removeRecord(held.places.record);
    } finally {
      await release(shim, held);
    }
  } catch (error) {
    throw hostFailure(error);
  }
}
