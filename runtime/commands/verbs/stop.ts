import { stop } from "../../container/stop.ts";
import { checkedTimeout } from "../../spec/life.ts";
import { each } from "./each.ts";
import { EXPLAIN_OPTION, explainStop } from "./explain-end.ts";
import { signalAsked } from "./signal.ts";
import { verb } from "./verb.ts";

export const STOP_OPTIONS = {
  time: { type: "string", short: "t", describe: "seconds until it is killed; -1: never; default: 10" },
  timeout: { type: "string", describe: "the same" },
  signal: { type: "string", emptyIsUnset: true, short: "s", describe: "in place of the container's own stop signal" },
} as const;

export function stopOptions(values: { readonly [Name in keyof typeof STOP_OPTIONS]: string | undefined }) {
  const time = values.time ?? values.timeout;
  return {
    timeout: time === undefined ? undefined : checkedTimeout("--time", time),
    signal: values.signal === undefined ? undefined : signalAsked(values.signal),
  };
}

export const stopVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Let containers end, and kill those that do not in time",
  options: { ...STOP_OPTIONS, explain: EXPLAIN_OPTION },
  run: (values, names) => {
    const options = stopOptions(values);
    return each(names, async (container) => {
      const explained = values.explain ? await explainStop(container, options) : undefined;
      await stop(container, { ...options, timer: explained?.timer });
      explained?.finish();
    });
  },
});
