import type { NamedRequest } from "../../container/request/prepare.ts";
import { Failure } from "../../failure.ts";
import { exposedPorts } from "../../image/exposed-ports.ts";
import type { Options, Values } from "./option.ts";

/** What it is connected to. */
export const NETWORK_OPTIONS = {
  network: {
    type: "string",
    aliases: ["net"],
    multiple: true,
    describe:
      "none, host, container:NAME or a network: NAME, or name=NAME[,ip=A][,alias=N]; without root bridge, slirp4netns or pasta; default: bridge, and none without root",
  },
  publish: {
    type: "string",
    short: "p",
    multiple: true,
    describe:
      "[[ADDR:][PORT[-PORT]]:]PORT[-PORT][/udp]: a port of this machine, or a free one, also of a range, that leads to one of the container",
  },
  "publish-all": {
    type: "boolean",
    short: "P",
    describe: "each port that the image or --expose names gets a free one of this machine, which is printed",
  },
  expose: {
    type: "string",
    multiple: true,
    describe: "PORT[-PORT][/udp]: a port that the container listens at, besides those that the image names",
  },
  "network-alias": {
    type: "string",
    aliases: ["net-alias"],
    multiple: true,
    describe: "further name of the container on its networks",
  },
  link: {
    type: "string",
    multiple: true,
    describe: "NAME[:ALIAS]: a further name by which it alone finds another container of its networks",
  },
  ip: { type: "string", emptyIsUnset: true, describe: "address on the first network; default: the next free one" },
  ip6: { type: "string", emptyIsUnset: true, describe: "address of IPv6 on it" },
  "mac-address": {
    type: "string",
    emptyIsUnset: true,
    describe: "MAC address on it; default: one made of its address",
  },
  dns: { type: "string", multiple: true, describe: "name server; default: this machine's" },
  "dns-search": { type: "string", multiple: true, describe: "domain in which names are looked up; .: none" },
  "dns-option": {
    type: "string",
    aliases: ["dns-opt"],
    multiple: true,
    describe: "option of resolv.conf(5), such as ndots:2; default: this machine's",
  },
  "add-host": {
    type: "string",
    multiple: true,
    describe: "NAME:ADDR for /etc/hosts; the address host-gateway is this machine's",
  },
} as const satisfies Options;

export function networkRequest(values: Values<typeof NETWORK_OPTIONS>): Partial<NamedRequest> {
  return {
    publishAll: values["publish-all"],
    exposed: values.expose.flatMap(exposed),
    network: {
      names: values.network,
      publish: values.publish,
      aliases: values["network-alias"],
      links: values.link,
      ip: values.ip,
      ip6: values.ip6,
      macAddress: values["mac-address"],
      dns: values.dns,
      dnsSearch: values["dns-search"],
      dnsOptions: values["dns-option"],
      addHosts: values["add-host"],
    },
  };
}

function exposed(written: string): readonly string[] {
  const ports = exposedPorts(written);
  if (ports.length > 0) return ports;
  throw new Failure(`--expose ${written} is not PORT[-PORT][/tcp|/udp|/sctp] with ports from 1 to 65535`, {
    code: "usage",
  });
}
