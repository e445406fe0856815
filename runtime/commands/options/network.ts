import type { NamedRequest } from "../../container/prepare.ts";
import type { Options, Values } from "./option.ts";

/** What it is connected to. */
export const NETWORK_OPTIONS = {
  network: {
    type: "string",
    multiple: true,
    describe: "none, host or the name of a network; default: bridge, and none without root",
  },
  publish: {
    type: "string",
    short: "p",
    multiple: true,
    describe: "[ADDR:]PORT[-PORT]:PORT[-PORT][/udp]: a port of this machine that leads to one of the container",
  },
} as const satisfies Options;

export function networkRequest(values: Values<typeof NETWORK_OPTIONS>): Partial<NamedRequest> {
  return { network: { names: values.network, publish: values.publish } };
}
