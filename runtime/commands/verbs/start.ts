import { startAgain } from "../../container/start.ts";
import { warn } from "../warn.ts";
import { each } from "./each.ts";
import { verb } from "./verb.ts";

export const startVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Start containers again that have ended, in the background",
  options: {},
  run: (_, names) => each(names, (name) => startAgain(name, { warn })),
});
