import { resolve } from "node:path";
import { startAgain } from "../../container/start.ts";
import { stop } from "../../container/stop.ts";
import { checkWritable } from "../../container/writable.ts";
import { containerEvent } from "../../events/container.ts";
import { placesOf } from "../../state/places.ts";
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
      checkWritable(resolve(stateRoot()));
      await stop(name, options);
      await startAgain(name, { warn });
      const root = resolve(stateRoot());
      containerEvent(root, "restart", findExisting(placesOf(root, name), name).record);
    });
  },
});
