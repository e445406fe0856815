import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { openShim } from "../host/shim.ts";
import type { Handle } from "../state/handle.ts";
import { lookAt, lookAtExisting } from "../state/handle.ts";
import { placesAt } from "../state/places.ts";
import type { ContainerRecord } from "../state/record.ts";
import { noteRestart } from "../state/restarts.ts";
import type { StartOptions } from "./running/container.ts";
import { startAgain, startHeld } from "./start.ts";
import { endAndClaim, type StopOptions, tellStopped } from "./stop.ts";
import { checkWritable } from "./writable.ts";

/** Stops a container and starts it again. Throws Failure. */
export async function restart(container: Handle, stopping: StopOptions, starting: StartOptions): Promise<void> {
  checkWritable(container.root);
  const found = lookAtExisting(container);
  const { record } = found;
  refuseForeground(record);
  const shim = await openShim();
  const takeBack = record.remove === "at exit" ? noteRestart(placesAt(container.root, container.key)) : () => {};
  try {
    const held = await endAndClaim(shim, container, stopping);
    tellStopped(container, found);
    // Whoever was quicker has started it since it was asked for.
    const started =
      held === "started again" || !held ? startAgain(container, starting) : startHeld(shim, held, starting);
    await started.catch((error: unknown) => {
      throw found.status.state === "running" ? saidStopped(container, error) : error;
    });
  } finally {
    takeBack();
  }
  containerEvent(container.root, "restart", lookAtExisting(container).record);
}

/** Where it runs no more, the error has to say so. */
function saidStopped(container: Handle, error: unknown): unknown {
  if (!(error instanceof Failure) || lookAt(container)?.status.state !== "stopped") return error;
  const { code, remedy, exitCode, message } = error;
  return new Failure(`the container ${container.name} was stopped, and can't be started again: ${message}`, {
    code,
    exitCode,
    cause: error,
    ...(remedy !== undefined && { remedy }),
  });
}

/** It ends with the command line that runs it. */
function refuseForeground({ name, remove, life }: ContainerRecord): void {
  if (remove !== "at exit" || life) return;
  throw new Failure(
    `the container ${name} runs in the foreground and is removed when it ends, so it can't be started again`,
    {
      code: "usage",
      remedy: "run it with -d; tinydocker stop ends it",
    },
  );
}
