import type { LifeRequest } from "../../spec/life.ts";
import { readLabelFile } from "./line-file.ts";
import type { Options, Values } from "./option.ts";

/** How a detached container lives. */
export const LIFE_OPTIONS = {
  detach: { type: "boolean", short: "d", describe: "let it run in the background, and print its id" },
  restart: {
    type: "string",
    emptyIsUnset: true,
    describe: "with -d: no, on-failure[:N], always or unless-stopped: start it again",
  },
  "stop-signal": { type: "string", emptyIsUnset: true, describe: "with -d: what stop sends it; default: SIGTERM" },
  "stop-timeout": { type: "string", describe: "with -d: seconds until stop kills it; default: 10" },
  label: { type: "string", short: "l", multiple: true, describe: "with -d: KEY[=VALUE], to find it by" },
  "label-file": { type: "string", multiple: true, describe: "with -d: file of lines KEY[=VALUE]; -l counts more" },
  "log-driver": {
    type: "string",
    emptyIsUnset: true,
    describe: "with -d: none: its output is not kept for logs; default: local, and json-file means the same",
  },
  "log-opt": {
    type: "string",
    multiple: true,
    describe: "with -d: max-size=SIZE, max-file=N of its log; default: 20m, 5",
  },
} as const satisfies Options;

export function lifeRequest(values: Values<typeof LIFE_OPTIONS>): LifeRequest {
  return {
    restart: values.restart,
    stopSignal: values["stop-signal"],
    stopTimeout: values["stop-timeout"],
    labels: [...values["label-file"].flatMap(readLabelFile), ...values.label],
    logDriver: values["log-driver"],
    logOptions: values["log-opt"],
  };
}
