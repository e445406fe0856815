import { pastEvents } from "../events/read.ts";
import { Failure } from "../failure.ts";
import { isAlive, type ProcessIdentity } from "../host/process.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { sleep } from "../host/sleep.ts";
import { uptime } from "../host/uptime.ts";
import { claimAgain, release } from "../state/claim.ts";
import type { Exit } from "../state/exit.ts";
import { type Handle, lookAt, lookAtExisting } from "../state/handle.ts";
import { endsWithin } from "./process/ended.ts";

/** How long after the container's end its exit may take to be recorded. */
const EXIT_WAIT_MS = 10_000;
const EXIT_POLL_MS = 5;

/**
 * Waits until a container that any process started has ended, and returns how it ended: "unknown" if the process that
 * waited for the command was killed. Throws Failure if it was never started.
 */
export async function wait(container: Handle): Promise<Exit["status"]> {
  const shim = await openShim();
  const { status } = lookAtExisting(container);
  switch (status.state) {
    case "creating":
    case "created":
      throw new Failure(`the container ${container.name} was not started`, { code: "container-not-running" });
    case "running":
      await endsWithin(shim, status.process, -1);
      return exitOf(shim, container, status.process);
    case "restarting":
    case "stopped":
      return status.exit
        ? status.exit.status
        : exitOf(shim, container, status.state === "stopped" ? status.process : undefined);
  }
}

/** Waits until the process that started the container records its exit; if that was killed, records it as unknown. */
async function exitOf(shim: Shim, container: Handle, process: ProcessIdentity | undefined): Promise<Exit["status"]> {
  const deadline = uptime() + EXIT_WAIT_MS;
  for (;;) {
    const found = lookAt(container);
    const exit = found?.lastExit;
    if (exit?.process && process && !isEarlier(exit.process, process)) return exit.status;
    if (!found) return exitTold(container);
    if (uptime() >= deadline) return "unknown";
    if (found.owner && isAlive(found.owner)) await sleep(EXIT_POLL_MS);
    else await recorded(shim, container);
  }
}

/** Of one that was removed at its end or just after it: what the log of events has of that. */
function exitTold({ root, id }: Handle): Exit["status"] {
  const end = pastEvents(root).findLast((event) => event.id === id && event.action === "die");
  const code = end?.attributes["exitCode"];
  return code === undefined ? "unknown" : { code: Number(code), signal: null };
}

/** It may have been started again and have ended again: that end is the one that there is a record of. */
function isEarlier(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.boot !== other.boot || Number(one.startTime) < Number(other.startTime);
}

/** Whoever has it meanwhile has recorded it before. */
async function recorded(shim: Shim, container: Handle): Promise<void> {
  try {
    const held = await claimAgain(shim, container);
    if (held) await release(shim, held);
  } catch (error) {
    if (!(error instanceof Failure && error.code === "name-in-use")) throw error;
    await sleep(EXIT_POLL_MS);
  }
}
