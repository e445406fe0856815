/** An IP address as a number. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A block of addresses, such as 172.18.0.0/16. `value` may have bits set behind the prefix, as the address of a link has. */
export interface Subnet extends Address {
  readonly prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/** Undefined for what is not an address of the family, or of any, in its usual notation. */
export function parseAddress(text: string, family?: 4 | 6): Address | undefined {
  const address = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  return family === undefined || address?.family === family ? address : undefined;
}

/** ADDRESS/PREFIX. Undefined for anything else. */
export function parseSubnet(text: string): Subnet | undefined {
  const [, left = "", right = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(left);
  const prefix = Number(right);
  return address && right !== "" && prefix <= BITS[address.family] ? { ...address, prefix } : undefined;
}

function parseIpv4(text: string): Address | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return { family: 4, value: parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n) };
}

function parseIpv6(text: string): Address | undefined {
  const halves = withHexTail(text)?.split("::");
  if (halves === undefined || halves.length > 2) return undefined;
  const [left = [], right = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array<string>(missing).fill("0"), ...right];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return { family: 6, value: groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n) };
}

/** RFC 4291, 2.2: the last 32 bits may be written as an IPv4 address. */
function withHexTail(text: string): string | undefined {
  if (!text.includes(".")) return text;
  const at = text.lastIndexOf(":") + 1;
  const tail = parseIpv4(text.slice(at));
  return tail && `${text.slice(0, at)}${(tail.value >> 16n).toString(16)}:${(tail.value & 0xffffn).toString(16)}`;
}

export function addressText({ family, value }: Address): string {
  return family === 4 ? bytesOf({ family, value }).join(".") : ipv6Text(value);
}

export function subnetText(subnet: Subnet): string {
  return `${addressText(subnet)}/${subnet.prefix}`;
}

/** RFC 5952: the longest run of zero groups, the first of several, is `::`. */
function ipv6Text(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  const runs = groups.map((_, start) => groups.slice(start).findIndex((group) => group !== "0"));
  const lengths = runs.map((length, start) => (length < 0 ? 8 - start : length));
  const longest = Math.max(...lengths);
  if (longest < 2) return groups.join(":");
  const start = lengths.indexOf(longest);
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + longest).join(":")}`;
}

/** In network byte order. */
export function bytesOf({ family, value }: Address): number[] {
  const bytes = BITS[family] / 8;
  return Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * (bytes - 1 - i))) & 0xffn));
}

export function addressOf(bytes: Uint8Array): Address | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined;
  return {
    family: bytes.length === 4 ? 4 : 6,
    value: bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n),
  };
}

/** The subnet's first address, with no bits behind the prefix. */
export function baseOf({ family, value, prefix }: Subnet): Subnet {
  const host = BigInt(BITS[family] - prefix);
  return { family, value: (value >> host) << host, prefix };
}

/** How many addresses the subnet has. */
export function sizeOf({ family, prefix }: Subnet): bigint {
  return 1n << BigInt(BITS[family] - prefix);
}

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return subnet.family === family && baseOf({ family, value, prefix: subnet.prefix }).value === baseOf(subnet).value;
}

export function overlap(one: Subnet, other: Subnet): boolean {
  return one.prefix < other.prefix ? contains(one, other) : contains(other, one);
}

/** The n-th address of the subnet. */
export function nth(subnet: Subnet, n: bigint): Address {
  return { family: subnet.family, value: baseOf(subnet).value + n };
}
