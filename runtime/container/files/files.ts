import { closeSync } from "node:fs";
import { Failure } from "../../failure.ts";
import type { Shim } from "../../host/shim.ts";
import { directory, removeDirectory } from "../../resources/directory.ts";
import { noContainer } from "../../spec/name.ts";
import { begin, claimAgain, release } from "../../state/claim.ts";
import { entry } from "../../state/entry.ts";
import { type Handle, lookAtExisting } from "../../state/handle.ts";
import { placesAt } from "../../state/places.ts";
import { readyVolumes } from "../../volume/ready.ts";
import { endsWithin } from "../process/ended.ts";
import { openRootOf, openRunning } from "../running/running.ts";
import { openFiles, openToRead, type View } from "./view.ts";

/** It may be started and stopped at any moment. */
const TRIES_MAX = 5;
/** How long one that has begun to end may take. */
const END_WAIT_MS = 10_000;

/**
 * The files of a container, whether it runs or not. While one that does not is open, nobody starts it, except for its monitor
 * by the restart policy. Throws Failure.
 */
export async function openRoot(shim: Shim, container: Handle, use: "read" | "write"): Promise<View> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await rootNow(shim, container, use);
    } catch (error) {
      const isOther = error instanceof Failure && ["container-not-running", "name-in-use"].includes(error.code);
      if (!isOther || tries === TRIES_MAX) throw error;
    }
  }
}

function rootNow(shim: Shim, container: Handle, use: "read" | "write"): Promise<View> {
  const { status, record } = lookAtExisting(container);
  switch (status.state) {
    case "running":
    case "creating":
      return rootOfRunning(shim, container);
    case "restarting":
      if (use === "write") throw isRestarting(container);
      return openToRead(shim, placesAt(container.root, container.key), record.spec);
    case "created":
    case "stopped":
      return rootOfStopped(shim, container);
  }
}

/** Nothing can be mounted on what its monitor may mount at any moment. */
function isRestarting({ name }: Handle): Failure {
  return new Failure(`the container ${name} is about to be started again: nothing can be copied there meanwhile`, {
    code: "container-not-running",
    remedy: `tinydocker stop ${name} first`,
  });
}

async function rootOfRunning(shim: Shim, container: Handle): Promise<View> {
  const { process, pidfd } = await openRunning(shim, container);
  shim.close(pidfd);
  try {
    const top = openRootOf(container.name, process);
    return { top, close: async () => closeSync(top) };
  } catch (error) {
    await endsWithin(shim, process, END_WAIT_MS);
    throw error;
  }
}

async function rootOfStopped(shim: Shim, container: Handle): Promise<View> {
  const held = await claimAgain(shim, container);
  if (!held) throw noContainer(container.name);
  try {
    const { record } = lookAtExisting(container);
    const work = directory("work");
    begin(held, [entry(work, "exit")]);
    // It exists only if the machine lost power, and the journal with it.
    await removeDirectory(shim, held.places, work);
    await readyVolumes(shim, container.root, record.spec);
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
