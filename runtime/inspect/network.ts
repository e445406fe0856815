import { upWith } from "../container/network/users.ts";
import {
  type Attachment,
  isPredefined,
  macOfLink,
  type Network,
  type Networks,
  nameOf,
  networkNamed,
  PREDEFINED,
} from "../network/network.ts";
import type { Struct } from "../template/value.ts";
import { macText, prefixOf } from "./network-settings.ts";

/** A network as `docker network inspect` shows it; undefined where there is none of that name. `root`: the state directory. */
export function inspectedNetwork(root: string, networks: Networks, name: string): Struct | undefined {
  if (isPredefined(name)) return predefined(name, upWith(root, name));
  const network = networkNamed(networks, name);
  return network && made(networks, network);
}

function made({ leases }: Networks, network: Network): Struct {
  const { name, created, subnet, gateway, ipv6, internal, bridge, mtu, labels = {} } = network;
  const members = leases.flatMap((lease) =>
    lease.attachments
      .filter((one) => one.network === name)
      .map((one): [string, Struct] => [nameOf(lease), member(one, nameOf(lease), network)]),
  );
  return shown(name, {
    Created: new Date(created).toISOString(),
    Driver: "bridge",
    EnableIPv6: ipv6 !== undefined,
    Config: [{ Subnet: subnet, Gateway: gateway }, ...(ipv6 ? [{ Subnet: ipv6.subnet, Gateway: ipv6.gateway }] : [])],
    Internal: internal,
    Containers: new Map(members),
    Options: new Map([
      ["com.docker.network.bridge.name", bridge],
      ["com.docker.network.driver.mtu", String(mtu)],
    ]),
    Labels: new Map(Object.entries(labels)),
  });
}

/** Go's zero. */
const NEVER = "0001-01-01T00:00:00Z";

function predefined(name: keyof typeof PREDEFINED, containers: readonly string[]): Struct {
  return shown(name, {
    Created: NEVER,
    Driver: PREDEFINED[name],
    EnableIPv6: false,
    Config: null,
    Internal: false,
    Containers: new Map(containers.map((container) => [container, memberNamed(container)])),
    Options: new Map(),
    Labels: new Map(),
  });
}

/** What differs between networks, in docker's order, and what does not. */
function shown(name: string, { Created, Driver, EnableIPv6, Config, Internal, ...rest }: Struct): Struct {
  return {
    Name: name,
    Id: name,
    ...{ Created, Scope: "local", Driver, EnableIPv4: true, EnableIPv6 },
    IPAM: { Driver: "default", Options: null, Config },
    ...{ Internal, Attachable: false, Ingress: false, ConfigOnly: false },
    ...rest,
  };
}

function member(attachment: Attachment, name: string, network: Network): Struct {
  const { ipv4, ipv6 } = attachment;
  return {
    ...memberNamed(name),
    MacAddress: macText(macOfLink(attachment)),
    IPv4Address: `${ipv4}/${prefixOf(network.subnet)}`,
    IPv6Address: ipv6 === undefined ? "" : `${ipv6}/${prefixOf(network.ipv6?.subnet)}`,
  };
}

function memberNamed(name: string): Struct {
  return { Name: name, EndpointID: "", MacAddress: "", IPv4Address: "", IPv6Address: "" };
}
