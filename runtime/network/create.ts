import { Failure } from "../failure.ts";
import {
  type Address,
  addressText,
  baseOf,
  contains,
  parseAddress,
  parseSubnet,
  type Subnet,
  subnetText,
} from "./address.ts";
import { bridgeName } from "./link-names.ts";
import type { Network } from "./network.ts";
import { chooseSubnet, gatewayOf, ipv6SubnetFor, isTakenBy, specialUse } from "./subnets.ts";

/** What a network is asked to be. */
export interface NetworkOptions {
  readonly name: string;
  /** At most one of IPv4 and one of IPv6. Default: a private one that nothing here uses. */
  readonly subnets?: readonly string[] | undefined;
  /** Of the same families. Default: the first address of each subnet. */
  readonly gateways?: readonly string[] | undefined;
  readonly internal?: boolean | undefined;
  readonly ipv6?: boolean | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** What must be known of the machine. */
export interface Surroundings {
  readonly stateRoot: string;
  /** What its routes and the other networks use. */
  readonly used: readonly { readonly subnet: Subnet; readonly by: string }[];
  /** Those of its name servers. */
  readonly resolvers: readonly Address[];
  readonly mtu: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** IPv4 needs an address for itself, the bridge, all hosts, and at least one container. */
const PREFIX_MAX = { 4: 30, 6: 126 } as const;

const PRIVATE = "use a private one, below 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fd00::/8, or leave --subnet out";

/** Completes and checks the options. Throws Failure. */
export function newNetwork(options: NetworkOptions, machine: Surroundings): Network {
  const { name, internal = false, labels = {} } = options;
  const subnets = (options.subnets ?? []).map(parsedSubnet);
  const gateways = (options.gateways ?? []).map(parsedGateway);
  const ipv4 = onlyOne(subnets, 4) ?? chosen(name, machine);
  const ipv6 = onlyOne(subnets, 6) ?? (options.ipv6 ? ipv6SubnetFor(ipv4) : undefined);
  for (const subnet of [ipv4, ...(ipv6 ? [ipv6] : [])]) checkFree(subnet, machine);
  const left = gateways.find((gateway) => ![ipv4, ipv6].some((subnet) => subnet && contains(subnet, gateway)));
  if (left) throw refused(`the gateway ${addressText(left)} is in none of the network's subnets`);
  const part = (subnet: Subnet) => ({ subnet: subnetText(subnet), gateway: addressText(gatewayFor(subnet, gateways)) });
  return {
    name,
    bridge: bridgeName(machine.stateRoot, name),
    ...part(ipv4),
    ...(ipv6 ? { ipv6: part(ipv6) } : {}),
    internal,
    mtu: machine.mtu,
    created: machine.now,
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  };
}

function parsedSubnet(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (!subnet) throw refused(`${JSON.stringify(text)} is not a subnet, such as 10.1.0.0/16`);
  const base = baseOf(subnet);
  if (base.value !== subnet.value)
    throw refused(`${text} has bits set behind its prefix; the subnet is ${subnetText(base)}`);
  if (subnet.prefix > PREFIX_MAX[subnet.family]) throw refused(`the subnet ${text} has no address for a container`);
  if (subnet.prefix < 8) throw refused(`the subnet ${text} is too large`, PRIVATE);
  const use = specialUse(subnet);
  if (use) throw refused(`the subnet ${text} can't be a network's: ${use}`, PRIVATE);
  return subnet;
}

function parsedGateway(text: string): Address {
  const address = parseAddress(text);
  if (address) return address;
  throw refused(`${JSON.stringify(text)} is not the address of a gateway`);
}

function onlyOne(subnets: readonly Subnet[], family: 4 | 6): Subnet | undefined {
  const [first, second] = subnets.filter((subnet) => subnet.family === family);
  if (second) throw refused(`a network has one subnet of IPv${family}`);
  return first;
}

function chosen(name: string, { used, resolvers }: Surroundings): Subnet {
  const subnet = chooseSubnet(
    used.map((one) => one.subnet),
    resolvers,
  );
  if (subnet) return subnet;
  throw new Failure(`can't choose a subnet for the network ${name}: each private one overlaps a route or a network`, {
    code: "address-unavailable",
    remedy: "remove a network that is not needed, or name one with --subnet",
  });
}

function checkFree(subnet: Subnet, { used }: Surroundings): void {
  const other = used.find((one) => isTakenBy(subnet, one.subnet));
  if (!other) return;
  throw new Failure(`the subnet ${subnetText(subnet)} overlaps ${subnetText(baseOf(other.subnet))} of ${other.by}`, {
    code: "network-exists",
    remedy: "choose another one with --subnet, or leave --subnet out",
  });
}

function gatewayFor(subnet: Subnet, gateways: readonly Address[]): Address {
  const gateway = gateways.find((one) => contains(subnet, one)) ?? gatewayOf(subnet);
  const isLast = subnet.family === 4 && gateway.value === subnet.value + (1n << BigInt(32 - subnet.prefix)) - 1n;
  if (gateway.value !== subnet.value && !isLast) return gateway;
  throw refused(
    `${addressText(gateway)} can't be a gateway: it is the first or the last address of ${subnetText(subnet)}`,
  );
}

function refused(message: string, remedy = "see tinydocker network create --help"): Failure {
  return new Failure(message, { code: "usage", remedy });
}
