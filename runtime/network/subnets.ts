import { type Address, contains, nth, overlap, parseSubnet, type Subnet } from "./address.ts";

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
  return !used.some((other) => other.prefix >= ROUTE_PREFIX_MIN && overlap(subnet, other));
}

/** RFC 4193: a private subnet of IPv6, with 40 bits that no other is likely to have: those of the network's IPv4 subnet. */
export function ipv6SubnetFor({ value }: Subnet): Subnet {
  return { family: 6, value: (0xfd74_6400n << 96n) | (value << 64n), prefix: 64 };
}

/** Its first address that is not the subnet's own. */
export function gatewayOf(subnet: Subnet): Address {
  return nth(subnet, 1n);
}
