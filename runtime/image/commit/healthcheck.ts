import { isListOf, isText, parseJson } from "../../shape.ts";
import { type Healthcheck, healthcheckOf, healthOf } from "../../spec/health.ts";

const isTexts = isListOf(isText);

const FORM = /^((?:--[a-z-]+=\S+\s+)*)(?:(NONE)|CMD\s+(.+))$/is;

/** What follows HEALTHCHECK in a Dockerfile: options and CMD, or NONE. Undefined for what is neither. Throws Failure for an option's value. */
export function healthcheckIn(written: string): Healthcheck | undefined {
  const [, options = "", none, command = ""] = FORM.exec(written) ?? [];
  if (none !== undefined) return options === "" ? { Test: ["NONE"] } : undefined;
  const list = parseJson(command);
  const test = isTexts(list) ? ["CMD", ...list] : ["CMD-SHELL", command];
  const {
    interval,
    timeout,
    retries,
    "start-period": startPeriod,
    "start-interval": startInterval,
    ...unknown
  } = Object.fromEntries(
    [...options.matchAll(/--([a-z-]+)=(\S+)/gi)].map(([, name = "", value = ""]) => [name, value]),
  );
  if (command === "" || Object.keys(unknown).length > 0) return undefined;
  const health = healthOf({ interval, timeout, retries, startPeriod, startInterval }, { Test: test });
  return health && healthcheckOf(health);
}
