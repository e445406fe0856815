import { resolve } from "node:path";
import { openShim } from "../host/shim.ts";
import { begin, claim, release } from "../state/claim.ts";
import { removeRecord } from "../state/record.ts";
import { stateRoot } from "../state/root.ts";
import { findExisting } from "../state/status.ts";
import { hostFailure } from "./diagnose.ts";

/** Removes a container and everything it wrote. Throws Failure if it is running or does not exist. */
export async function remove(name: string): Promise<void> {
  const shim = await openShim();
  try {
    const held = await claim(shim, resolve(stateRoot()), name);
    try {
      const { record } = findExisting(held.places, name);
      begin(held, record.entries);
      // Without the record it is no longer kept: if this process is killed, the next start removes the rest.
      removeRecord(held.places.record);
    } finally {
      await release(shim, held);
    }
  } catch (error) {
    throw hostFailure(error);
  }
}
