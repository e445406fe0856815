import { closeSync } from "node:fs";
import { Failure } from "../failure.ts";
import type { Shim } from "../host/shim.ts";
import { directory, removeDirectory } from "../resources/directory.ts";
import { begin, claimWaiting, release } from "../state/claim.ts";
import { entry } from "../state/entry.ts";
import { placesOf } from "../state/places.ts";
import { findExisting } from "../state/status.ts";
import { readyVolumes } from "../volume/ready.ts";
import { endsWithin } from "./ended.ts";
import { openRootOf, openRunning } from "./running.ts";
import { openFiles, type View } from "./view.ts";

/** It may be started and stopped at any moment. */
const TRIES_MAX = 5;
/** How long one that has begun to end may take. */
const END_WAIT_MS = 10_000;

/** The files of a container, whether it runs or not. While one that does not is open, nobody starts it. Throws Failure. */
export async function openRoot(shim: Shim, root: string, name: string): Promise<View> {
  for (let tries = 1; ; tries += 1) {
    const { state } = findExisting(placesOf(root, name), name).status;
    const runs = state === "running" || state === "restarting" || state === "creating";
    try {
      return runs ? await rootOfRunning(shim, root, name) : await rootOfStopped(shim, root, name);
    } catch (error) {
      const isOther = error instanceof Failure && ["container-not-running", "name-in-use"].includes(error.code);
      if (!isOther || tries === TRIES_MAX) throw error;
    }
  }
}

async function rootOfRunning(shim: Shim, root: string, name: string): Promise<View> {
  const { process, pidfd } = await openRunning(shim, root, name);
  shim.close(pidfd);
  try {
    const top = openRootOf(name, process);
    return { top, close: async () => closeSync(top) };
  } catch (error) {
    await endsWithin(shim, process, END_WAIT_MS);
    throw error;
  }
}

async function rootOfStopped(shim: Shim, root: string, name: string): Promise<View> {
  const held = await claimWaiting(shim, root, name);
  try {
    const { record } = findExisting(held.places, name);
    const work = directory("work");
    begin(held, [entry(work, "exit")]);
    // It exists only if the machine lost power, and the journal with it.
    await removeDirectory(shim, held.places, work);
    await readyVolumes(shim, root, record.spec);
    const view = await openFiles(shim, held.places, record.spec, held.fd);
    const close = async () => {
      await view.close();
      await release(shim, held);
    };
    return { top: view.top, close };
  } catch (error) {
    await release(shim, held);
    throw error;
  }
}
