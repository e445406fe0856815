import { containerEvent } from "../events/container.ts";
import { readAttributes } from "../host/attributes.ts";
import { openShim } from "../host/shim.ts";
import { archiveEnd } from "../image/archive/tar/header-block.ts";
import { writeMembers } from "../image/archive/tar/write.ts";
import { readTree } from "../image/archive/tree.ts";
import { isPortable } from "../image/extract/attributes.ts";
import { placesOf } from "../state/places.ts";
import { findExisting } from "../state/status.ts";
import { openSnapshot } from "./view.ts";

/** The files of a container as a tar archive, without what is mounted there, whether it runs or not. Throws Failure. */
export async function* exportedArchive(root: string, name: string): AsyncGenerator<Uint8Array> {
  const shim = await openShim();
  const places = placesOf(root, name);
  const { record } = findExisting(places, name);
  const { spec } = record;
  const view = await openSnapshot(shim, places, spec);
  try {
    const attributes = (file: Buffer) => readAttributes(shim, file).filter(isPortable);
    yield* writeMembers(readTree(`/proc/self/fd/${view.top}`, attributes, () => false));
    yield archiveEnd();
    containerEvent(root, "export", record);
  } finally {
    await view.close();
  }
}
