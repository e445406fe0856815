import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { type RestartPolicy, restartText } from "../spec/life.ts";
import type { LimitRequest } from "../spec/limits/resources.ts";
import { type Handle, lookAt, lookAtExisting } from "../state/handle.ts";
import { placesAt } from "../state/places.ts";
import type { ContainerRecord } from "../state/record.ts";
import { replaceIn } from "../state/replace-file.ts";
import type { Found } from "../state/status.ts";
import { hostFailure } from "./failure/diagnose.ts";
import { checkLimits } from "./process/host-facts.ts";
import { refuseRestart } from "./process/monitor.ts";
import { whileItRests } from "./resting.ts";
import { limitNow, newLimits } from "./running/limit-now.ts";

export interface Changes {
  /** It counts from its next end on. */
  readonly restart: RestartPolicy | undefined;
  /** Those that are given; the others stay. */
  readonly limits: LimitRequest;
}

/** It may be started and end at any moment. */
const TRIES_MAX = 5;

/** Gives a container that stays another restart policy and other limits, whether it runs or not. Throws Failure. */
export async function update(container: Handle, changes: Changes): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const found = lookAtExisting(container);
    refuse(found.record, changes.restart);
    try {
      await updateFound(container, found, changes);
      return containerEvent(container.root, "update", found.record);
    } catch (error) {
      const isOther = lookAt(container)?.status.state !== found.status.state;
      if (!isOther || tries === TRIES_MAX) throw hostFailure(error);
    }
  }
}

async function updateFound(container: Handle, found: Found, { restart, limits }: Changes): Promise<void> {
  const places = placesAt(container.root, container.key);
  const { status } = found;
  const { spec } = found.record;
  const resources = newLimits(spec.linux.resources, limits);
  if (resources !== undefined) checkLimits({ ...spec, linux: { ...spec.linux, resources } }, places);
  const write = () => {
    if (restart !== undefined) replaceIn(places.restart, { content: `${restartText(restart)}\n`, lasting: true });
    if (resources !== undefined) replaceIn(places.limits, { content: `${JSON.stringify(resources)}\n`, lasting: true });
  };
  if (status.state !== "running" && status.state !== "restarting") return whileItRests(container, write);
  await limitNow(places, found, limits);
  write();
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
