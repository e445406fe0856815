import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import { isAlive, isSame, type ProcessIdentity } from "../host/process.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { sleep } from "../host/sleep.ts";
import { uptime } from "../host/uptime.ts";
import { claim, release } from "../state/claim.ts";
import type { Exit } from "../state/exit.ts";
import { placesOf } from "../state/places.ts";
import { stateRoot } from "../state/root.ts";
import { find, findExisting } from "../state/status.ts";
import { endsWithin } from "./ended.ts";

/** How long after the container's end its exit may take to be recorded. */
const EXIT_WAIT_MS = 10_000;
const EXIT_POLL_MS = 5;

/**
 * Waits until a container that any process started has ended, and returns how it ended: "unknown" if the process that
 * waited for the command was killed, or removed the container at its exit. Throws Failure if it was never started.
 */
export async function wait(name: string): Promise<Exit["status"]> {
  const shim = await openShim();
  const root = resolve(stateRoot());
  const { status } = findExisting(placesOf(root, name), name);
  switch (status.state) {
    case "creating":
    case "created":
      throw new Failure(`the container ${name} was not started`, { code: "container-not-running" });
    case "running":
      await endsWithin(shim, status.process, -1);
      return exitOf(shim, root, name, status.process);
    case "restarting":
    case "stopped":
      return status.exit
        ? status.exit.status
        : exitOf(shim, root, name, status.state === "stopped" ? status.process : undefined);
  }
}

/** Waits until the process that started the container records its exit; if that was killed, records it as unknown. */
async function exitOf(
  shim: Shim,
  root: string,
  name: string,
  process: ProcessIdentity | undefined,
): Promise<Exit["status"]> {
  const deadline = uptime() + EXIT_WAIT_MS;
  for (;;) {
    const found = find(placesOf(root, name));
    const exit = found?.lastExit;
    if (exit?.process && process && isSame(exit.process, process)) return exit.status;
    if (!found || uptime() >= deadline) return "unknown";
    if (found.owner && isAlive(found.owner)) await sleep(EXIT_POLL_MS);
    else await recorded(shim, root, name);
  }
}

/** Whoever has the name meanwhile has recorded it before. */
async function recorded(shim: Shim, root: string, name: string): Promise<void> {
  try {
    await release(shim, await claim(shim, root, name));
  } catch (error) {
    if (!(error instanceof Failure && error.code === "name-in-use")) throw error;
    await sleep(EXIT_POLL_MS);
  }
}
