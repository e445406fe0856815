import { mkdirSync, openSync } from "node:fs";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { isNowhere } from "../host/errno.ts";
import { openShim } from "../host/shim.ts";
import { type RestartPolicy, restartText } from "../spec/life.ts";
import type { LimitRequest } from "../spec/limits/resources.ts";
import { noContainer } from "../spec/name.ts";
import { claimAgain, release } from "../state/claim.ts";
import { type Handle, lookAtExisting } from "../state/handle.ts";
import { placesAt } from "../state/places.ts";
import type { ContainerRecord } from "../state/record.ts";
import { replaceFile } from "../state/replace-file.ts";
import { hostFailure } from "./failure/diagnose.ts";
import { refuseRestart } from "./process/monitor.ts";
import { limitNow, newLimits } from "./running/limit-now.ts";

export interface Changes {
  /** It counts from its next end on. */
  readonly restart: RestartPolicy | undefined;
  /** Those that are given; the others stay. */
  readonly limits: LimitRequest;
}

/** Gives a container that stays another restart policy and other limits, whether it runs or not. Throws Failure. */
export async function update(container: Handle, { restart, limits }: Changes): Promise<void> {
  const { root, key } = container;
  const found = lookAtExisting(container);
  const { record, status } = found;
  refuse(record, restart);
  const places = placesAt(root, key);
  const resources = newLimits(record.spec.linux.resources, limits);
  try {
    if (status.state === "running" || status.state === "restarting") await limitNow(places, found, limits);
    const write = () =>
      (restart === undefined || isWritten(places.restart, restartText(restart))) &&
      (resources === undefined || isWritten(places.limits, JSON.stringify(resources)));
    if (!write()) await withPlaceFor(container, write);
  } catch (error) {
    throw hostFailure(error);
  }
  containerEvent(root, "update", record);
}

function refuse({ name, spec, life, remove }: ContainerRecord, restart: RestartPolicy | undefined): void {
  if (!life)
    throw new Failure(`the container ${name} can't be changed: it ends with the tinydocker run that started it`, {
      code: "usage",
      remedy: "start it with run -d",
    });
  if (restart === undefined) return;
  if (remove === "at exit" && restart.name !== "no")
    throw new Failure(`the container ${name} is removed when it ends, so it can't be started again`, { code: "usage" });
  refuseRestart(spec, restart);
}

/** Whole or not at all, in its directory, which goes with the container; false where that is not there yet. */
function isWritten(path: string, text: string): boolean {
  try {
    const open = (unfinished: string) => openSync(unfinished, "w", 0o600);
    replaceFile(path, `${path}.${process.pid}`, open, { content: `${text}\n`, lasting: true });
    return true;
  } catch (error) {
    if (isNowhere(error)) return false;
    throw error;
  }
}

/** Of one that was never started: whoever removes it locks its name, too. */
async function withPlaceFor(container: Handle, write: () => boolean): Promise<void> {
  const shim = await openShim();
  const held = await claimAgain(shim, container);
  if (!held) throw noContainer(container.name);
  try {
    mkdirSync(held.places.monitor, { recursive: true, mode: 0o700 });
    write();
  } finally {
    await release(shim, held);
  }
}
