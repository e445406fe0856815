import { restart } from "../../container/restart.ts";
import { warn } from "../output/warn.ts";
import { each } from "./each.ts";
import { STOP_OPTIONS, stopOptions } from "./stop.ts";
import { verb } from "./verb.ts";

export const restartVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Stop containers and start them again",
  options: STOP_OPTIONS,
  run: (values, names) => {
    const options = stopOptions(values);
    return each(names, (container) => restart(container, options, { warn }));
  },
});
