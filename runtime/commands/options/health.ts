import type { HealthRequest } from "../../spec/health.ts";
import type { Options, Values } from "./option.ts";

/** How it is seen whether a detached container is well. */
export const HEALTH_OPTIONS = {
  "health-cmd": {
    type: "string",
    describe: "with -d: line for the container's shell; it is well as long as that exits with 0",
  },
  "health-interval": { type: "string", describe: "with -d: time between two checks; default: 30s" },
  "health-timeout": { type: "string", describe: "with -d: how long one may take; default: 30s" },
  "health-retries": { type: "string", describe: "with -d: failures in a row that make it unhealthy; default: 3" },
  "health-start-period": {
    type: "string",
    describe: "with -d: how long after the start failures do not count; default: 0s",
  },
  "health-start-interval": { type: "string", describe: "with -d: time between two checks until then; default: 5s" },
  "no-healthcheck": { type: "boolean", describe: "no checks, whatever the image says" },
} as const satisfies Options;

/** Those that only a detached container has. */
export const HEALTH_NEEDS_LIFE = [
  "health-cmd",
  "health-interval",
  "health-timeout",
  "health-retries",
  "health-start-period",
  "health-start-interval",
] as const;

export function healthRequest(values: Values<typeof HEALTH_OPTIONS>): HealthRequest {
  return {
    command: values["health-cmd"],
    interval: values["health-interval"],
    timeout: values["health-timeout"],
    retries: values["health-retries"],
    startPeriod: values["health-start-period"],
    startInterval: values["health-start-interval"],
    none: values["no-healthcheck"],
  };
}
