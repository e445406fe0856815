import { resolve } from "node:path";
import { notRunning } from "../../container/running/running.ts";
import { Failure } from "../../failure.ts";
import { portsNow } from "../../inspect/network-settings.ts";
import type { PublishedPort } from "../../network/network.ts";
import { leaseFor } from "../../network/network.ts";
import { publishedOn, socketText } from "../../network/publish.ts";
import { nameOf } from "../../state/containers.ts";
import { readNetworks } from "../../state/network-store.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { findExisting } from "../../state/status.ts";
import { writeAll } from "../output/write.ts";
import { named } from "./each.ts";
import { verb } from "./verb.ts";

export const portVerb = verb({
  synopsis: "NAME [PORT[/PROTOCOL]]",
  describe: "List which ports of this machine lead to a container",
  options: {},
  run: async (_values, rest) => {
    const [asked = "", port] = named(rest);
    const root = resolve(stateRoot());
    const name = nameOf(root, asked);
    const places = placesOf(root, name);
    const { record, status } = findExisting(places, name);
    const networks = readNetworks(root);
    const lease = leaseFor(networks, places.key);
    const isUp = status.state === "running";
    const ports = isUp ? portsNow(record.spec, networks, lease) : record.spec.network.ports;
    const text = port === undefined ? all(ports) : one(name, ports, port);
    if (port !== undefined && !isUp) throw notRunning(name, status.state);
    // They lead to it only while it runs.
    writeAll(1, isUp ? text : "");
    return 0;
  },
});

function all(ports: readonly PublishedPort[]): string {
  return ports
    .flatMap((port) => published(port).map((socket) => `${port.container}/${port.protocol} -> ${socket}\n`))
    .join("");
}

function one(name: string, ports: readonly PublishedPort[], written: string): string {
  const [number, protocol = "tcp"] = written.split("/");
  const found = ports.filter((port) => String(port.container) === number && port.protocol === protocol);
  if (found.length === 0)
    throw new Failure(`the port ${number}/${protocol} of the container ${name} is not published`, {
      code: "usage",
      remedy: "publish it when the container is made: -p PORT:PORT",
    });
  return found
    .flatMap(published)
    .map((socket) => `${socket}\n`)
    .join("");
}

function published(port: PublishedPort): string[] {
  return publishedOn(port).map((address) => socketText(address, port.host));
}
