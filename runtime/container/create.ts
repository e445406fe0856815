import { resolve } from "node:path";
import { containerEvent } from "../events/container.ts";
import { openShim } from "../host/shim.ts";
import { directory, removeDirectory } from "../resources/directory.ts";
import type { Life } from "../spec/life.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { begin, claim, drop, refuseKept, release } from "../state/claim.ts";
import { entry } from "../state/entry.ts";
import { newRecord, writeRecord } from "../state/record.ts";
import { stateRoot } from "../state/root.ts";
import { readyVolumes } from "../volume/ready.ts";
import { hostFailure } from "./diagnose.ts";

/**
 * Makes a container that is kept until it is removed, and does not start it. Returns its id. `life`: of one that is to be started
 * in the background. Throws Failure when the name is in use.
 */
export async function create(spec: ContainerSpec, life?: Life): Promise<string> {
  const shim = await openShim();
  try {
    const held = await claim(shim, resolve(stateRoot()), spec.name);
    try {
      refuseKept(held);
      const upper = directory("upper");
      const entries = [entry(upper, "removal"), ...(life ? [entry(directory("monitor"), "removal")] : [])];
      const record = newRecord(spec, "on request", entries, life);
      containerEvent(held.places.root, "create", record);
      begin(held, entries);
      // It exists only if the machine lost power, and the journal with it.
      await removeDirectory(shim, held.places, upper);
      writeRecord(held.places.record, record);
      await readyVolumes(shim, held.places.root, spec);
      // They are in the record now.
      drop(held, ({ until }) => until === "removal");
      return record.id;
    } finally {
      await release(shim, held);
    }
  } catch (error) {
    throw hostFailure(error);
  }
}
