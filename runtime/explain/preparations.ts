import { parseSubnet } from "../network/address.ts";
import { macOf, tableName } from "../network/link-names.ts";
import { newAddress } from "../network/netlink/address.ts";
import { newBridge } from "../network/netlink/link.ts";
import { wordsOf } from "../network/netlink/message.ts";
import { type Lease, type Network, type Networks, networkNamed } from "../network/network.ts";
import { portText } from "../network/publish.ts";
import { chainsOf, elementText, mapsOf } from "../network/rules.ts";
import type { Preparation } from "../plan/step.ts";
import { messagesText } from "./netlink.ts";
import type { Reason } from "./reason.ts";

const CHAIN_REASONS = {
  guard: "guard",
  publish: "publish",
  "publish-own": "publishOwn",
  outward: "outward",
  forwarding: "forwarding",
} as const satisfies Readonly<Record<string, Reason>>;

/** What a container's networks are on this machine, whether made for it or by an earlier one. `root`: the state directory. */
export function networkPreparations(root: string, networks: Networks, lease: Lease): Preparation[] {
  const joined = lease.attachments.flatMap(({ network }) => networkNamed(networks, network) ?? []);
  return [
    { call: `write("${root}/networks/leases", ${JSON.stringify(lease)})`, reason: "lease" },
    { call: `write("${root}/networks/hosts/${lease.container}")`, reason: "hosts" },
    ...joined.flatMap(bridge),
    ...lease.ports.map((port): Preparation => ({ call: `listen(${portText(port)})`, reason: "publishedSocket" })),
    { call: 'write("/proc/sys/net/ipv4/ip_forward", "1")', reason: "forwardingOn" },
    ...rules(`inet ${tableName(root)}`, { networks: joined, leases: [lease] }),
  ];
}

function bridge({ bridge, gateway, subnet, ipv6 }: Network): Preparation[] {
  const both = [{ gateway, subnet }, ...(ipv6 ? [ipv6] : [])];
  const addresses = both.flatMap((one) => parseSubnet(`${one.gateway}/${parseSubnet(one.subnet)?.prefix}`) ?? []);
  return [
    { call: `send(${messagesText(wordsOf(newBridge(bridge, macOf(gateway))), "")})`, reason: "bridge" },
    {
      call: `send(${messagesText(wordsOf(...addresses.map((address) => newAddress(address))), bridge)})`,
      reason: "bridgeAddress",
    },
  ];
}

/** Those of the container's networks; the table also has those of the others. */
function rules(table: string, networks: Networks): Preparation[] {
  return [
    ...chainsOf(networks).flatMap(({ name, rules }) =>
      rules.map((rule) => ({ call: `nft add rule ${table} ${name} ${rule}`, reason: CHAIN_REASONS[name] })),
    ),
    ...mapsOf(networks).flatMap(({ name, elements }) =>
      elements.map(
        (element): Preparation => ({
          call: `nft add element ${table} ${name} { ${elementText(element)} }`,
          reason: "publishedPort",
        }),
      ),
    ),
  ];
}
