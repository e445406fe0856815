import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { openShim } from "../host/shim.ts";
import type { Handle } from "../state/handle.ts";
import { lookAtExisting } from "../state/handle.ts";
import type { ContainerRecord } from "../state/record.ts";
import type { StartOptions } from "./container.ts";
import { startAgain, startHeld } from "./start.ts";
import { endAndClaim, type StopOptions } from "./stop.ts";
import { checkWritable } from "./writable.ts";

/** Stops a container and starts it again. Throws Failure. */
export async function restart(container: Handle, stopping: StopOptions, starting: StartOptions): Promise<void> {
  checkWritable(container.root);
  const { record } = lookAtExisting(container);
  refuseRemoved(record);
  const shim = await openShim();
  const held = await endAndClaim(shim, container, stopping);
  // Whoever was quicker has started it since it was asked for.
  if (held === "started again" || !held) await startAgain(container, starting);
  else await startHeld(shim, held, starting);
  containerEvent(container.root, "restart", lookAtExisting(container).record);
}

/** Nothing of it would be left to start. */
function refuseRemoved({ name, remove }: ContainerRecord): void {
  if (remove !== "at exit") return;
  throw new Failure(`the container ${name} is removed when it ends, so it can't be started again`, {
    code: "usage",
    remedy: "run it with -d and without --rm; tinydocker stop ends it",
  });
}
