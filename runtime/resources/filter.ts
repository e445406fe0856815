import { Failure } from "../failure.ts";
import { type Answer, exchange } from "../host/network/netlink.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";
import {
  type Chain,
  chainOf,
  dropsAll,
  generationOf,
  getChains,
  getGeneration,
  getRules,
  namesLink,
} from "../network/netlink/netfilter.ts";
import { PROTOCOL } from "../network/netlink/numbers.ts";

/** The chains of nf_tables as the kernel has them. */
export interface Filter {
  readonly generation: number | undefined;
  readonly chains: readonly Chain[];
}

/** Undefined where the kernel has no nf_tables. Throws Failure without the right to read them. */
export function readFilter(shim: Shim): Filter | undefined {
  const answer = exchange(shim, PROTOCOL.NETLINK_NETFILTER, getGeneration(), getChains());
  if ("errno" in answer && answer.errno !== ERRNO.EPERM) return undefined;
  const [first, ...chains] = check(answer);
  return { generation: first && generationOf(first), chains: chains.map(chainOf) };
}

/**
 * A rule of ours that accepts a packet does not keep another table from dropping it. One warning for each chain that drops
 * what it doesn't know, and has no rule for the bridge of one of the links. `table`: ours.
 */
export function foreignDrops(
  shim: Shim,
  filter: Filter | undefined,
  table: string,
  links: readonly { readonly bridge: string }[],
): Failure[] {
  const others = (filter?.chains ?? []).filter((chain) => chain.isForward && chain.table !== table);
  return others.flatMap((chain) => {
    const rules = check(exchange(shim, PROTOCOL.NETLINK_NETFILTER, getRules(chain)));
    if (!chain.dropsForwarded && !rules.some((rule) => dropsAll(rule, chain.name))) return [];
    return links
      .filter(({ bridge }) => !rules.some((rule) => namesLink(rule, bridge)))
      .map(({ bridge }) => dropped(chain, bridge));
  });
}

function dropped({ family, table, name }: Chain, bridge: string): Failure {
  const rule = (link: string) => `nft insert rule ${family} ${table} ${name} ${link} ${bridge} accept`;
  return new Failure(
    `the chain ${name} of the table ${family} ${table} drops what it doesn't know, so the container may reach nothing outside`,
    { code: "firewall-unusable", remedy: `${rule("iifname")}; ${rule("oifname")}` },
  );
}

function check(answer: Answer) {
  if ("messages" in answer) return answer.messages;
  throw new Failure(`can't read the rules of netfilter: ${answer.why}`, {
    code: "firewall-unusable",
    remedy: "root here lacks CAP_NET_ADMIN, as inside another container; use --network none or host",
  });
}
