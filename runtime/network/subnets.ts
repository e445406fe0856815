import { type Address, contains, nth, overlap, parseSubnet, type Subnet } from "./address.ts";

/** IANA's registries of special-purpose addresses: what no link of containers can have. */
const SPECIAL: readonly (readonly [subnet: string, use: string])[] = [
  ["0.0.0.0/8", "stands for this machine itself"],
  ["127.0.0.0/8", "is the loopback, which never leaves a machine"],
  ["169.254.0.0/16", "is for addresses of one link, which are not routed"],
  ["224.0.0.0/4", "is for multicast"],
  ["240.0.0.0/4", "is reserved, and the kernel takes no address of it for a link's"],
  ["::/8", "has the unspecified, the loopback and the mapped IPv4 addresses"],
  ["fe80::/10", "is for addresses of one link, which are not routed"],
  ["ff00::/8", "is for multicast"],
];

/** A shorter prefix is a default route in parts, as VPNs set them: it says nothing about who uses the addresses. */
const ROUTE_PREFIX_MIN = 8;

/** RFC 1918; not 172.17.0.0/16, which docker takes unless it is in use. */
function* candidates(): Generator<string> {
  for (let i = 18; i < 32; i++) yield `172.${i}.0.0/16`;
  for (let i = 200; i < 256; i++) yield `10.${i}.0.0/16`;
  for (let i = 16; i < 256; i++) yield `192.168.${i}.0/24`;
}

/** The first private subnet that overlaps none of those in use and has none of the addresses; undefined if all do. */
export function chooseSubnet(used: readonly Subnet[], addresses: readonly Address[]): Subnet | undefined {
  for (const text of candidates()) {
    const subnet = parseSubnet(text);
    if (subnet && isFree(subnet, used) && !addresses.some((address) => contains(subnet, address))) return subnet;
  }
  return undefined;
}

function isFree(subnet: Subnet, used: readonly Subnet[]): boolean {
  return !used.some((other) => isTakenBy(subnet, other));
}

/** Another network, or a route, uses addresses of the subnet. */
export function isTakenBy(subnet: Subnet, other: Subnet): boolean {
  return other.prefix >= ROUTE_PREFIX_MIN && overlap(subnet, other);
}

/** Why a network can't have the subnet, as a clause that begins with what overlaps it; undefined if it can. */
export function specialUse(subnet: Subnet): string | undefined {
  const special = SPECIAL.find(([text]) => overlapsText(subnet, text));
  return special && `${special[0]} ${special[1]}`;
}

function overlapsText(subnet: Subnet, text: string): boolean {
  const other = parseSubnet(text);
  return other !== undefined && overlap(subnet, other);
}

/** RFC 4193: a private subnet of IPv6, with 40 bits that no other is likely to have: those of the network's IPv4 subnet. */
export function ipv6SubnetFor({ value }: Subnet): Subnet {
  return { family: 6, value: (0xfd74_6400n << 96n) | (value << 64n), prefix: 64 };
}

/** Its first address that is not the subnet's own. */
export function gatewayOf(subnet: Subnet): Address {
  return nth(subnet, 1n);
}
