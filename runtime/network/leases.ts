import {
  type Address,
  addressText,
  baseOf,
  contains,
  nth,
  parseAddress,
  parseSubnet,
  type Subnet,
  sizeOf,
} from "./address.ts";
import type { Network, Networks } from "./network.ts";

/** Why no address could be given. */
export type AddressFault = "outside" | "taken" | "reserved" | "used up";

/**
 * An address for a new container: the one that is asked for, or the next free one behind `last`, so that one just freed is
 * not given again at once.
 */
export function takeAddress(
  networks: Networks,
  network: Network,
  family: 4 | 6,
  { asked, last, isBusy }: { asked?: string; last?: string; isBusy?: (address: string) => boolean },
): string | AddressFault {
  const pool = poolOf(networks, network, family);
  if (!pool) return "outside";
  if (asked !== undefined) return checkedAddress(pool, asked);
  return nextFree(pool, last, isBusy ?? (() => false));
}

/**
 * Behind which of the network's IPv6 addresses to look for one beside the IPv4 address: the next has the same number. So it
 * was no other container's a moment ago either, whose namespace may still answer for it.
 */
export function beside(network: Network, ipv4: string): string | undefined {
  const [block, other] = [parseSubnet(network.subnet), parseSubnet(network.ipv6?.subnet ?? "")];
  const address = parseAddress(ipv4, 4);
  if (!block || !other || !address) return undefined;
  return addressText(nth(other, (address.value - baseOf(block).value - 1n) % sizeOf(other)));
}

interface Pool {
  readonly subnet: Subnet;
  readonly gateway: string;
  readonly taken: ReadonlySet<string>;
}

function poolOf({ leases }: Networks, network: Network, family: 4 | 6): Pool | undefined {
  const { subnet, gateway } = family === 4 ? network : (network.ipv6 ?? {});
  const block = parseSubnet(subnet ?? "");
  if (!block || gateway === undefined) return undefined;
  const taken = leases
    .flatMap(({ attachments }) => attachments.filter((one) => one.network === network.name))
    .flatMap(({ ipv4, ipv6 }) => (family === 4 ? ipv4 : ipv6) ?? []);
  return { subnet: baseOf(block), gateway, taken: new Set(taken) };
}

function checkedAddress({ subnet, gateway, taken }: Pool, asked: string): string | AddressFault {
  const address = parseAddress(asked, subnet.family);
  if (!address || !contains(subnet, address)) return "outside";
  const text = addressText(address);
  if (text === gateway || isReserved(subnet, address)) return "reserved";
  return taken.has(text) ? "taken" : text;
}

/** The subnet's own address, and of IPv4 the one of all its hosts. */
function isReserved(subnet: Subnet, { value }: Address): boolean {
  return value === subnet.value || (subnet.family === 4 && value === subnet.value + sizeOf(subnet) - 1n);
}

/** Of a subnet with more addresses, only as many are tried. */
const TRIED_MAX = 1n << 16n;

function nextFree({ subnet, gateway, taken }: Pool, last: string | undefined, isBusy: (address: string) => boolean) {
  const size = sizeOf(subnet);
  const previous = parseAddress(last ?? "", subnet.family);
  const from = previous && contains(subnet, previous) ? previous.value - subnet.value : 0n;
  const tries = size < TRIED_MAX ? size : TRIED_MAX;
  for (let i = 1n; i <= tries; i++) {
    const address = nth(subnet, (from + i) % size);
    const text = addressText(address);
    if (text !== gateway && !isReserved(subnet, address) && !taken.has(text) && !isBusy(text)) return text;
  }
  return "used up";
}
