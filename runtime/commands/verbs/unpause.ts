import { unpause } from "../../container/pause.ts";
import { each } from "./each.ts";
import { verb } from "./verb.ts";

export const unpauseVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Let the processes of paused containers go on",
  options: {},
  run: (_, names) => each(names, unpause),
});
