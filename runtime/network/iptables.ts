import { type Network, type Networks, outwardOf } from "./network.ts";

/** The same rules as ruleset() declares, for a machine without libnftables: those of IPv4, and of IPv6. */
export interface Iptables {
  readonly program: "iptables" | "ip6tables";
  /** Our chains, for iptables-restore: each is made or emptied, then filled, in one transaction for each table. */
  readonly restore: string;
  /** What leads from a chain of the kernel to one of ours. */
  readonly jumps: readonly Jump[];
}

export interface Jump {
  readonly table: "raw" | "nat" | "filter";
  readonly chain: string;
  /** Arguments of iptables: what to match, and where to go on. */
  readonly rule: readonly string[];
}

/** `name`: of the table that ruleset() declares. */
export function iptablesOf(name: string, networks: Networks): Iptables[] {
  return [ofFamily(name, networks, 4), ofFamily(name, networks, 6)];
}

function ofFamily(name: string, networks: Networks, family: 4 | 6): Iptables {
  // A chain's name has at most 28 characters.
  const chain = (suffix: string) => `TD-${name.slice(-8)}-${suffix}`;
  const local = ["-m", "addrtype", "--dst-type", "LOCAL"];
  const jump = (table: Jump["table"], from: string, to: string, ...match: string[]): Jump => {
    return { table, chain: from, rule: [...match, "-j", chain(to)] };
  };
  const each = (rules: (network: Network, subnet: string) => string[]) =>
    networks.networks.flatMap((network) => {
      const subnet = family === 4 ? network.subnet : network.ipv6?.subnet;
      return subnet === undefined ? [] : rules(network, subnet);
    });
  const publish = family === 4 ? publishing(networks) : [];
  return {
    program: family === 4 ? "iptables" : "ip6tables",
    restore: [
      ...table("raw", [[chain("GUARD"), each(guard)]]),
      ...table("nat", [
        [chain("PUBLISH"), publish],
        [chain("OUTWARD"), each(outward)],
      ]),
      ...table("filter", [[chain("FORWARD"), each(forwarding)]]),
    ]
      .map((line) => `${line}\n`)
      .join(""),
    jumps: [
      jump("raw", "PREROUTING", "GUARD"),
      jump("nat", "PREROUTING", "PUBLISH", ...local),
      jump("nat", "OUTPUT", "PUBLISH", "!", "-d", family === 4 ? "127.0.0.0/8" : "::1/128", ...local),
      jump("nat", "POSTROUTING", "OUTWARD"),
      jump("filter", "FORWARD", "FORWARD"),
    ],
  };
}

function table(name: Jump["table"], chains: readonly (readonly [name: string, rules: readonly string[]])[]): string[] {
  return [
    `*${name}`,
    ...chains.map(([chain]) => `:${chain} - [0:0]`),
    ...chains.flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
    "COMMIT",
  ];
}

function guard({ bridge }: Network, subnet: string): string[] {
  return [`! -i ${bridge} -d ${subnet} -m addrtype ! --dst-type LOCAL -j DROP`];
}

function publishing(networks: Networks): string[] {
  return networks.leases.flatMap((lease) => {
    const target = outwardOf(networks, lease)?.ipv4;
    const ports = lease.ports.filter(({ address }) => target !== undefined && !address?.includes(":"));
    return ports.map(({ protocol, address, host, container }) => {
      const at = address === undefined ? "" : `-d ${address} `;
      return `${at}-p ${protocol} --dport ${host} -j DNAT --to-destination ${target}:${container}`;
    });
  });
}

function outward({ bridge, internal }: Network, subnet: string): string[] {
  return [
    `-s ${subnet} -o ${bridge} -m conntrack --ctstate DNAT -j MASQUERADE`,
    ...(internal ? [] : [`-s ${subnet} ! -o ${bridge} -j MASQUERADE`]),
  ];
}

function forwarding({ bridge, internal }: Network): string[] {
  return [
    `-o ${bridge} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    `-o ${bridge} -m conntrack --ctstate DNAT -j ACCEPT`,
    `-o ${bridge} ! -i ${bridge} -j DROP`,
    internal ? `-i ${bridge} ! -o ${bridge} -j DROP` : `-i ${bridge} -j ACCEPT`,
  ];
}
