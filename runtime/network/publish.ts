import { Failure } from "../failure.ts";
import { addressText, parseAddress } from "./address.ts";
import type { PublishedPort } from "./network.ts";

/** Each is a socket here and an element of a map in the kernel. */
const PORTS_MAX = 1024;
export const PORT_MAX = 65_535;

/** `80`, `0:80`, `127.0.0.1::80/udp`: ports of the container, and none or 0 of this machine, whose ports are then chosen. */
export const WITHOUT_HOST_PORT = /^(?:(?:(\[.*\]|[^:]*):)?0?:)?(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp))?$/i;

/** `8080-8082:80`: a range of this machine for one port of the container, which gets the first that is free. */
export const FROM_RANGE = /^((?:.*:)?)(\d{1,5})-(\d{1,5})(:\d{1,5}(?:\/[^/]*)?)$/;

/** Whether the port of this machine is still to be chosen. */
export function isChosen(request: string): boolean {
  return WITHOUT_HOST_PORT.test(request) || FROM_RANGE.test(request);
}

const SYNTAX = /^(?:(.*):)?([^:]*):([^:]*?)(?:\/([^/]*))?$/;

/** Of several [ADDR:]PORT[-PORT]:PORT[-PORT][/tcp|/udp]. Throws Failure for anything else, and for a port that is given twice. */
export function publishedPorts(requests: readonly string[]): PublishedPort[] {
  const ports = requests.flatMap(portsOf);
  if (ports.length > PORTS_MAX) throw refused(`at most ${PORTS_MAX} ports can be published, got ${ports.length}`);
  const twice = ports.find((port, i) => ports.slice(i + 1).some((other) => collide(port, other)));
  if (twice) throw refused(`the port ${portText(twice)} of this machine is published twice`);
  return ports;
}

function portsOf(request: string): PublishedPort[] {
  const [, address, here, there, written = "tcp"] = SYNTAX.exec(request) ?? [];
  const protocol = written.toLowerCase();
  if (here === undefined || there === undefined || here === "")
    throw refused(`-p ${request} does not name a port of this machine and one of the container: -p 8080:80`);
  if (protocol !== "tcp" && protocol !== "udp")
    throw refused(`-p ${request}: ${protocol || "that"} is neither tcp nor udp`);
  const [first, last] = rangeOf(request, here);
  const [target, targetLast] = rangeOf(request, there);
  if (last - first !== targetLast - target) throw refused(`-p ${request}: the two ranges differ in length`);
  if (last - first >= PORTS_MAX) throw refused(`-p ${request}: at most ${PORTS_MAX} ports can be published`);
  const on = address === undefined ? {} : hostAddress(request, address);
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    protocol,
    ...on,
    host: first + i,
    container: target + i,
  }));
}

function rangeOf(request: string, text: string): readonly [number, number] {
  const [, first = "", last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const range = [Number(first), Number(last)] as const;
  const isValid = first !== "" && range.every((port) => port >= 1 && port <= PORT_MAX) && range[0] <= range[1];
  if (isValid) return range;
  throw refused(`-p ${request}: ${JSON.stringify(text)} is not a port, 1 to ${PORT_MAX}, or a range of them`);
}

/** An address of IPv6 is in brackets; that of no one in particular means all. */
function hostAddress(request: string, text: string): { address?: string } {
  const address = parseAddress(text.replace(/^\[(.*:.*)\]$/, "$1"));
  const bracketed = address?.family !== 6 || text.startsWith("[");
  if (!address || !bracketed)
    throw refused(
      `-p ${request}: ${JSON.stringify(text)} is not an address of this machine, such as 127.0.0.1 or [::1]`,
    );
  return address.value === 0n && address.family === 4 ? {} : { address: addressText(address) };
}

/** Whether both can't be published at the same time. */
export function collide(one: PublishedPort, other: PublishedPort): boolean {
  const sameAddress = one.address === undefined || other.address === undefined || one.address === other.address;
  return one.protocol === other.protocol && one.host === other.host && sameAddress;
}

/** `127.0.0.1:8080/tcp` */
export function portText({ protocol, address, host }: PublishedPort): string {
  return address === undefined ? `${host}/${protocol}` : `${socketText(address, host)}/${protocol}`;
}

/** The addresses of this machine that it is published on: all of both protocols, unless it names one. */
export function publishedOn({ address }: PublishedPort): readonly string[] {
  return address === undefined ? ["0.0.0.0", "::"] : [address];
}

/** `127.0.0.1:8080`, `[::]:8080` */
export function socketText(address: string, port: number): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function refused(message: string): Failure {
  return new Failure(message, { code: "usage", remedy: "use -p [[ADDR:][PORT[-PORT]]:]PORT[-PORT][/udp]" });
}
