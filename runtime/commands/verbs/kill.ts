import { kill } from "../../container/kill.ts";
import { each } from "./each.ts";
import { signalAsked } from "./signal.ts";
import { verb } from "./verb.ts";

export const killVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Send a signal to the first process of containers",
  options: { signal: { type: "string", emptyIsUnset: true, short: "s", describe: "default: KILL" } },
  run: (values, names) => {
    const signal = signalAsked(values.signal ?? "SIGKILL");
    return each(names, (container) => kill(container, signal));
  },
});
