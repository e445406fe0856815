import { exposedAlone } from "../container/listed-ports.ts";
import { parseSubnet } from "../network/address.ts";
import {
  type Attachment,
  type Lease,
  leaseFor,
  macOfLink,
  type Networks,
  networkNamed,
  outwardOf,
  type PublishedPort,
} from "../network/network.ts";
import { publishedOn } from "../network/publish.ts";
import type { Namespace, Namespaces } from "../spec/namespaces.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { Found } from "../state/status.ts";
import { type Struct, type Value, withOmitted } from "../template/value.ts";
import { OMITTED_ENDPOINT, OMITTED_NETWORK } from "./omitted.ts";

/** docker's name of a network mode. */
export function networkMode({ network: { mode, attachments }, linux }: ContainerSpec): string {
  if (mode === "container") return modeOf(linux, "network");
  if (mode === "joined") return attachments[0]?.network ?? "none";
  return mode === "user" ? "bridge" : mode;
}

/** The names of those that it is on, or is to be on where it does not run. */
export function networksOf(spec: ContainerSpec, lease: Lease | undefined): string[] {
  if (spec.network.mode !== "joined") return [networkMode(spec)];
  return (lease ?? spec.network).attachments.map(({ network }) => network);
}

/** Those that lead to it, where it runs: none where nothing outside reaches it. */
export function portsNow({ network }: ContainerSpec, networks: Networks, lease: Lease | undefined) {
  return lease && outwardOf(networks, lease) ? network.ports : [];
}

/** The addresses are those of a container that runs. `key`: the container's. */
export function networkSettings(
  { record: { spec }, status }: Pick<Found, "record" | "status">,
  key: string,
  networks: Networks,
): Struct {
  const { network } = spec;
  const lease = leaseFor(networks, key);
  const outward = lease && outwardOf(networks, lease);
  const main = endpoint(outward, networks);
  const settings = {
    Bridge: "",
    SandboxKey: status.state === "running" ? `/proc/${status.process.pid}/ns/net` : "",
    Ports: new Map([...(lease ? unbound(spec) : []), ...portBindings(portsNow(spec, networks, lease), publishedOn)]),
    MacAddress: main.MacAddress,
    IPAddress: main.IPAddress,
    IPPrefixLen: main.IPPrefixLen,
    Gateway: main.Gateway,
    GlobalIPv6Address: main.GlobalIPv6Address,
    GlobalIPv6PrefixLen: main.GlobalIPv6PrefixLen,
    IPv6Gateway: main.IPv6Gateway,
    Networks: new Map(
      networksOf(spec, lease).map((name) => {
        const has = lease?.attachments.find((one) => one.network === name);
        const asked = network.attachments.find((one) => one.network === name);
        return [name, shown(endpoint(has, networks, asked?.aliases))];
      }),
    ),
  };
  return withOmitted(settings, OMITTED_NETWORK);
}

/** docker's null for a port that is not published. */
function unbound(spec: ContainerSpec): [port: string, bindings: null][] {
  return exposedAlone(spec).map(({ container, protocol }) => [`${container}/${protocol}`, null]);
}

/** docker's word for whose namespace it is. */
export function modeOf({ namespaces }: Namespaces, kind: Namespace["type"]): string {
  const namespace = namespaces.find(({ type }) => type === kind);
  if (!namespace) return "host";
  return namespace.container === undefined ? "" : `container:${namespace.container}`;
}

function endpoint(attachment: Attachment | undefined, networks: Networks, aliases: readonly string[] = []) {
  const network = attachment && networkNamed(networks, attachment.network);
  return {
    IPAMConfig: null,
    Links: null,
    Aliases: attachment?.aliases ?? aliases,
    MacAddress: attachment ? macText(macOfLink(attachment)) : "",
    NetworkID: network?.name ?? "",
    Gateway: network?.gateway ?? "",
    IPAddress: attachment?.ipv4 ?? "",
    IPPrefixLen: prefixOf(network?.subnet),
    IPv6Gateway: (attachment?.ipv6 && network?.ipv6?.gateway) ?? "",
    GlobalIPv6Address: attachment?.ipv6 ?? "",
    GlobalIPv6PrefixLen: attachment?.ipv6 ? prefixOf(network?.ipv6?.subnet) : 0,
  };
}

function shown(endpoint: Struct): Struct {
  return withOmitted(endpoint, OMITTED_ENDPOINT);
}

export function prefixOf(subnet: string | undefined): number {
  return (subnet && parseSubnet(subnet)?.prefix) || 0;
}

export function macText(mac: readonly number[]): string {
  return mac.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** By `80/tcp`, what each is published on, or was asked to be. */
export function portBindings(
  ports: readonly PublishedPort[],
  addressesOf: (port: PublishedPort) => readonly string[],
): ReadonlyMap<string, Value> {
  const bindings = new Map<string, Struct[]>();
  for (const port of ports) {
    const key = `${port.container}/${port.protocol}`;
    const own = addressesOf(port).map((address) => ({ HostIp: address, HostPort: String(port.host) }));
    bindings.set(key, [...(bindings.get(key) ?? []), ...own]);
  }
  return bindings;
}
