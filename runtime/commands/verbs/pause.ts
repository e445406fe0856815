import { pause } from "../../container/pause.ts";
import { each } from "./each.ts";
import { verb } from "./verb.ts";

export const pauseVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Stop all processes of containers until they are unpaused",
  options: {},
  run: (_, names) => each(names, pause),
});
