import { existsSync, lstatSync } from "node:fs";
import { containerEvent } from "../events/container.ts";
import { readAttributes } from "../host/attributes.ts";
import { openShim, type Shim } from "../host/shim.ts";
import type { Entry } from "../image/archive/entry.ts";
import { archiveEnd } from "../image/archive/tar/header-block.ts";
import { writeMembers } from "../image/archive/tar/write.ts";
import { metadataOf, readTree } from "../image/archive/tree.ts";
import { isPortable } from "../image/extract/attributes.ts";
import { systemFailure } from "../image/system-failure.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { type Places, placesOf } from "../state/places.ts";
import { checkExists, findExisting } from "../state/status.ts";
import { ownedInside } from "./files/owners.ts";
import { openSnapshot } from "./files/view.ts";

/** The view has a root of its own, over that of the container. `top`: where that is. */
async function* asInside(
  top: string | undefined,
  { linux }: ContainerSpec,
  entries: AsyncIterable<Entry>,
): AsyncGenerator<Entry> {
  const root = top === undefined ? undefined : metadataOf(lstatSync(top));
  for await (const entry of entries) {
    const metadata = root && entry.path === "" ? root : entry.metadata;
    yield { ...entry, metadata: ownedInside(metadata, linux) };
  }
}

/** The files of a container as a tar archive, without what is mounted there, whether it runs or not. Throws Failure. */
export async function* exportedArchive(root: string, name: string): AsyncGenerator<Uint8Array> {
  const shim = await openShim();
  const places = placesOf(root, name);
  const { record } = findExisting(places, name);
  try {
    yield* filesOf(shim, places, record.spec);
    checkExists(places, record);
    yield archiveEnd();
    containerEvent(root, "export", record);
  } catch (error) {
    // Then it has no files any more.
    checkExists(places, record);
    throw systemFailure(`can't export the container ${name}`, root, "import-failed", error);
  }
}

async function* filesOf(shim: Shim, places: Places, spec: ContainerSpec): AsyncGenerator<Uint8Array> {
  const view = await openSnapshot(shim, places, spec);
  try {
    const attributes = (file: Buffer) => readAttributes(shim, file).filter(isPortable);
    const tree = readTree(`/proc/self/fd/${view.top}`, attributes, () => false);
    yield* writeMembers(asInside(existsSync(places.upper) ? places.upper : spec.root.layers[0], spec, tree));
  } finally {
    await view.close();
  }
}
