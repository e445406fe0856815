import { type Attachment, macOfLink, type Network, type Networks, nameOf } from "../network/network.ts";
import type { Struct } from "../template/value.ts";
import { macText, prefixOf } from "./network-settings.ts";

/** A network as `docker network inspect` shows it. */
export function inspectedNetwork({ leases }: Networks, network: Network): Struct {
  const { name, created, subnet, gateway, ipv6, internal, bridge, mtu, labels = {} } = network;
  const on = leases.flatMap((lease) =>
    lease.attachments
      .filter((one) => one.network === name)
      .map((one): [string, Struct] => [nameOf(lease), member(one, nameOf(lease), network)]),
  );
  return {
    Name: name,
    Id: name,
    Created: new Date(created).toISOString(),
    Scope: "local",
    Driver: "bridge",
    EnableIPv4: true,
    EnableIPv6: ipv6 !== undefined,
    IPAM: {
      Driver: "default",
      Options: null,
      Config: [{ Subnet: subnet, Gateway: gateway }, ...(ipv6 ? [{ Subnet: ipv6.subnet, Gateway: ipv6.gateway }] : [])],
    },
    Internal: internal,
    Attachable: false,
    Ingress: false,
    ConfigOnly: false,
    Containers: new Map(on),
    Options: new Map([
      ["com.docker.network.bridge.name", bridge],
      ["com.docker.network.driver.mtu", String(mtu)],
    ]),
    Labels: new Map(Object.entries(labels)),
  };
}

function member(attachment: Attachment, name: string, network: Network): Struct {
  const { ipv4, ipv6 } = attachment;
  return {
    Name: name,
    EndpointID: "",
    MacAddress: macText(macOfLink(attachment)),
    IPv4Address: `${ipv4}/${prefixOf(network.subnet)}`,
    IPv6Address: ipv6 === undefined ? "" : `${ipv6}/${prefixOf(network.ipv6?.subnet)}`,
  };
}
