import { type Network, type Networks, outwardOf, type PublishedPort } from "./network.ts";

/** The chains of our table; none of them is a word of nft. */
export const CHAINS = ["guard", "publish", "publish-own", "outward", "forwarding"] as const;

export interface Chain {
  readonly name: (typeof CHAINS)[number];
  /** Where the packets pass, as nft(8) writes it. */
  readonly hook: string;
  readonly rules: readonly string[];
}

/**
 * Everything that netfilter must know, as nft(8) reads it: one table, declared anew as a whole. It is never read back;
 * what is in the store is the truth.
 */
export function ruleset(table: string, networks: Networks): string {
  const lines = [
    ...removal(table),
    `table inet ${table} {`,
    ...mapsOf(networks).flatMap(mapLines),
    ...chainsOf(networks).flatMap(chainLines),
    "}",
  ];
  return text(lines);
}

export function noRuleset(table: string): string {
  return text(removal(table));
}

/** Elements of a map that are no longer wanted, or new. */
export interface PortChange {
  readonly map: PortMap["name"];
  readonly gone: readonly PortElement[];
  readonly added: readonly PortElement[];
}

/**
 * What makes the table of `before` that of `after`, where only published ports differ: the kernel takes a whole table ten
 * times as long. Undefined where more differs.
 */
export function portChanges(before: Networks, after: Networks): PortChange[] | undefined {
  const chains = (networks: Networks) => text(chainsOf(networks).flatMap(chainLines));
  if (before.networks !== after.networks && chains(before) !== chains(after)) return undefined;
  const old = mapsOf(before);
  return mapsOf(after).map(({ name, elements }, i) => {
    const was = old[i]?.elements ?? [];
    return { map: name, gone: without(was, elements), added: without(elements, was) };
  });
}

function without(all: readonly PortElement[], others: readonly PortElement[]): PortElement[] {
  const known = new Set(others.map(elementText));
  return all.filter((one) => !known.has(elementText(one)));
}

/** Declared first, because what does not exist can't be deleted. */
function removal(table: string): string[] {
  return [`table inet ${table} {}`, `delete table inet ${table}`];
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function chainLines({ name, hook, rules }: Chain): string[] {
  return [`  chain ${name} {`, `    type ${hook}; policy accept;`, ...rules.map((rule) => `    ${rule}`), "  }"];
}

export function chainsOf(networks: Networks): Chain[] {
  const each = (rules: (network: Network) => readonly string[]) => networks.networks.flatMap(rules);
  return [
    { name: "guard", hook: "filter hook prerouting priority raw", rules: each(guard) },
    { name: "publish", hook: "nat hook prerouting priority dstnat", rules: publish("") },
    { name: "publish-own", hook: "nat hook output priority -100", rules: publish("ip daddr != 127.0.0.0/8 ") },
    { name: "outward", hook: "nat hook postrouting priority srcnat", rules: each(outward) },
    { name: "forwarding", hook: "filter hook forward priority filter", rules: each(forwarding) },
  ];
}

/** No one but the network's own containers and this machine sends to a container's own address. */
function guard(network: Network): string[] {
  // The bridge's own address is one of this machine's.
  const isContainer = "fib daddr type != local";
  return families(network).map(
    ({ ip, subnet }) => `iifname != "${network.bridge}" ${ip} daddr ${subnet} ${isContainer} drop`,
  );
}

/** What comes to a published port goes on to the container's. */
function publish(match: string): string[] {
  return [
    `${match}fib daddr type local dnat ip to ip daddr . meta l4proto . th dport map @ports-at`,
    `${match}fib daddr type local dnat ip to meta l4proto . th dport map @ports`,
  ];
}

/** A container appears outside with this machine's address, and so does one that uses a published port of its network. */
function outward(network: Network): string[] {
  const { bridge, internal } = network;
  return families(network).flatMap(({ ip, subnet }) => [
    `${ip} saddr ${subnet} oifname "${bridge}" ct status dnat masquerade`,
    ...(internal ? [] : [`${ip} saddr ${subnet} oifname != "${bridge}" masquerade`]),
  ]);
}

/** Only answers and what comes to a published port enter the network; nothing leaves an internal one. */
function forwarding({ bridge, internal }: Network): string[] {
  return [
    `oifname "${bridge}" ct state established,related accept`,
    `oifname "${bridge}" ct status dnat accept`,
    `oifname "${bridge}" iifname != "${bridge}" drop`,
    ...(internal ? [`iifname "${bridge}" oifname != "${bridge}" drop`] : []),
  ];
}

function families({ subnet, ipv6 }: Network): { ip: "ip" | "ip6"; subnet: string }[] {
  return [{ ip: "ip", subnet }, ...(ipv6 ? [{ ip: "ip6", subnet: ipv6.subnet } as const] : [])];
}

export interface PortMap {
  readonly name: "ports-at" | "ports";
  readonly key: string;
  readonly elements: readonly PortElement[];
}

/** A published port, and the address of the container. */
export interface PortElement extends PublishedPort {
  readonly target: string;
}

/** As nft(8) writes it. */
export function elementText({ address, protocol, host, target, container }: PortElement): string {
  return `${address === undefined ? "" : `${address} . `}${protocol} . ${host} : ${target} . ${container}`;
}

/** The published ports: those of one of the machine's addresses, and those of all. */
export function mapsOf(networks: Networks): PortMap[] {
  const ports = networks.leases.flatMap((lease) => {
    const target = outwardOf(networks, lease)?.ipv4;
    return target === undefined ? [] : lease.ports.map((port) => ({ ...port, target }));
  });
  const at = ports.filter(({ address }) => address !== undefined && !address.includes(":"));
  const anywhere = ports.filter(({ address }) => address === undefined);
  return [
    { name: "ports-at", key: "ipv4_addr . inet_proto . inet_service", elements: at },
    { name: "ports", key: "inet_proto . inet_service", elements: anywhere },
  ];
}

function mapLines({ name, key, elements }: PortMap): string[] {
  return [
    `  map ${name} {`,
    `    type ${key} : ipv4_addr . inet_service`,
    ...(elements.length === 0 ? [] : [`    elements = { ${elements.map(elementText).join(", ")} }`]),
    "  }",
  ];
}
