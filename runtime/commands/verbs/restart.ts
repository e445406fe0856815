import { resolve } from "node:path";
import { startAgain } from "../../container/start.ts";
import { stop } from "../../container/stop.ts";
import { checkWritable } from "../../container/writable.ts";
import { containerEvent } from "../../events/container.ts";
import { Failure } from "../../failure.ts";
import { placesOf } from "../../state/places.ts";
import type { ContainerRecord } from "../../state/record.ts";
import { stateRoot } from "../../state/root.ts";
import { findExisting } from "../../state/status.ts";
import { warn } from "../warn.ts";
import { each } from "./each.ts";
import { STOP_OPTIONS, stopOptions } from "./stop.ts";
import { verb } from "./verb.ts";

export const restartVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Stop containers and start them again",
  options: STOP_OPTIONS,
  run: (values, names) => {
    const options = stopOptions(values);
    return each(names, async (name) => {
      const root = resolve(stateRoot());
      checkWritable(root);
      refuseRemoved(name, findExisting(placesOf(root, name), name).record);
      await stop(name, options);
      await startAgain(name, { warn });
      containerEvent(root, "restart", findExisting(placesOf(root, name), name).record);
    });
  },
});

/** Nothing of it would be left to start. */
function refuseRemoved(name: string, { remove }: ContainerRecord): void {
  if (remove !== "at exit") return;
  throw new Failure(`the container ${name} is removed when it ends, so it can't be started again`, {
    code: "usage",
    remedy: "run it with -d and without --rm; tinydocker stop ends it",
  });
}
