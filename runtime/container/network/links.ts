import type { Shim } from "../../host/shim.ts";
import { parseSubnet } from "../../network/address.ts";
import { macOf, vethName } from "../../network/link-names.ts";
import {
  type Attachment,
  type Lease,
  linkOf,
  macOfLink,
  type Network,
  type Networks,
  networkNamed,
  outwardOf,
} from "../../network/network.ts";
import type { LinkFacts } from "../../plan/host-facts.ts";
import { bridgeFor } from "../../resources/bridge.ts";

/** What a container is to have by its lease. Makes the bridges that are not there. */
export function linksOf(shim: Shim, networks: Networks, lease: Lease): LinkFacts[] {
  const outward = outwardOf(networks, lease);
  return lease.attachments.flatMap((attachment) => {
    const network = networkNamed(networks, attachment.network);
    if (!network) return [];
    const { name, index } = bridgeFor(shim, network, attachment.ipv4);
    return [
      {
        ...ownEnd(attachment, network),
        name: linkOf(lease, attachment),
        isDefault: attachment === outward,
        veth: vethName(attachment.ipv4),
        alias: `tinydocker container ${lease.container}`,
        bridge: name,
        bridgeIndex: index,
      },
    ];
  });
}

function ownEnd(attachment: Attachment, network: Network) {
  const { ipv4, ipv6 } = attachment;
  const withPrefix = (address: string, subnet: string) => `${address}/${parseSubnet(subnet)?.prefix}`;
  const second = ipv6 !== undefined && network.ipv6 ? { ipv6, ...network.ipv6 } : undefined;
  return {
    mac: macOfLink(attachment),
    addresses: [withPrefix(ipv4, network.subnet), ...(second ? [withPrefix(second.ipv6, second.subnet)] : [])],
    gateways: [network.gateway, ...(second ? [second.gateway] : [])],
    gatewayMac: macOf(network.gateway),
    mtu: network.mtu,
  };
}
