import { resolve } from "node:path";
import { containerEvent } from "../events/container.ts";
import { openShim } from "../host/shim.ts";
import { directory, removeDirectory } from "../resources/directory.ts";
import type { Life } from "../spec/life.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { begin, claim, drop, refuseKept, release } from "../state/claim.ts";
import { entry } from "../state/entry.ts";
import { type ContainerRecord, newRecord, removeRecord, writeRecord } from "../state/record.ts";
import { stateRoot } from "../state/root.ts";
import { ownVolumes, readyVolumes } from "../volume/ready.ts";
import { hostFailure } from "./failure/diagnose.ts";

/**
 * Makes a container, and does not start it. Returns its id. `life`: of one that is to be started in the background; `remove`: how
 * long it is kept. Throws Failure when the name is in use.
 */
export async function create(
  spec: ContainerSpec,
  life?: Life,
  remove: ContainerRecord["remove"] = "on request",
): Promise<string> {
  const shim = await openShim();
  const root = resolve(stateRoot());
  try {
    const held = await claim(shim, root, spec.name);
    try {
      refuseKept(held);
      const upper = directory("upper");
      const volumes = ownVolumes(root, spec).map((volume) => entry(volume, "removal"));
      const log = life ? [entry(directory("monitor"), "removal")] : [];
      const lasting = [entry(upper, "removal"), ...log];
      const record = newRecord(spec, remove, remove === "at exit" ? [...lasting, ...volumes] : lasting, life);
      containerEvent(held.places.root, "create", record);
      begin(held, [...lasting, ...volumes]);
      // It exists only if the machine lost power, and the journal with it.
      await removeDirectory(shim, held.places, upper);
      writeRecord(held.places.record, record);
      await readyVolumes(shim, held.places.root, spec).catch((error: unknown) => {
        containerEvent(held.places.root, "destroy", record);
        removeRecord(held.places.record);
        throw error;
      });
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
