import { Failure } from "../failure.ts";
import { type Answer, exchange } from "../host/netlink.ts";
import { loadNftables } from "../host/nftables.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";
import { fnv1a, tableName } from "../network/link-names.ts";
import {
  type Chain,
  chainOf,
  generationOf,
  getChains,
  getGeneration,
  getRules,
  namesLink,
} from "../network/netlink/netfilter.ts";
import { PROTOCOL } from "../network/netlink/numbers.ts";
import { CHAINS, noRuleset, ruleset } from "../network/rules.ts";
import type { Held, NetworkStore } from "../state/network-store.ts";

/** The tables of netfilter as the kernel has them. */
interface Filter {
  readonly generation: number | undefined;
  readonly chains: readonly Chain[];
}

/**
 * Declares our table anew unless the kernel has it as the store wants it: nothing in it changes, and nobody else changed
 * rules since it was declared. Without a network there is none.
 */
export async function keepRules(shim: Shim, root: string, held: Held): Promise<void> {
  const table = tableName(root);
  const { declared, ...store } = held.store;
  if (store.networks.length === 0) {
    if (isThere(readFilter(shim), table)) await declare(noRuleset(table));
    if (declared) held.save(store);
    return;
  }
  const wanted = ruleset(table, store);
  const rules = fnv1a(wanted);
  const filter = readFilter(shim);
  if (declared?.generation === filter.generation && declared?.rules === rules && isWhole(filter, table)) return;
  await declare(wanted);
  const { generation } = readFilter(shim);
  held.save(generation === undefined ? store : { ...store, declared: { generation, rules } });
}

/** Whether the rules that were declared last are others than the store wants. */
export function hasOtherRules(root: string, { declared, ...store }: NetworkStore): boolean {
  return declared !== undefined && declared.rules !== fnv1a(ruleset(tableName(root), store));
}

async function declare(commands: string): Promise<void> {
  // Only now: most starts change nothing in the table, and need no libnftables.
  const nftables = await loadNftables();
  if (!nftables) throw noNftables();
  const refusal = nftables(commands);
  if (refusal === undefined) return;
  throw new Failure(`can't declare the rules of the networks: ${refusal.split("\n")[0]}`, {
    code: "firewall-unusable",
    remedy: "nft list ruleset shows what there is; use --network none or host",
  });
}

function noNftables(): Failure {
  return new Failure("containers with a network need libnftables, which is not installed", {
    code: "firewall-unusable",
    remedy: "apt-get install libnftables1, or use --network none or host",
  });
}

function isThere({ chains }: Filter, table: string): boolean {
  return chains.some((chain) => chain.table === table);
}

/** Another network namespace can have the same generation. */
function isWhole({ chains }: Filter, table: string): boolean {
  return CHAINS.every((name) => chains.some((chain) => chain.table === table && chain.name === name));
}

function readFilter(shim: Shim): Filter {
  const [first, ...chains] = check(exchange(shim, PROTOCOL.NETLINK_NETFILTER, getGeneration(), getChains()));
  return { generation: first && generationOf(first), chains: chains.map(chainOf) };
}

/**
 * A rule of ours that accepts a packet does not keep another table from dropping it. One warning for each chain that drops
 * what it doesn't know, and has no rule for one of the bridges.
 */
export function foreignDrops(shim: Shim, root: string, bridges: readonly string[]): Failure[] {
  const table = tableName(root);
  const dropping = readFilter(shim).chains.filter((chain) => chain.dropsForwarded && chain.table !== table);
  return dropping.flatMap((chain) => {
    const rules = check(exchange(shim, PROTOCOL.NETLINK_NETFILTER, getRules(chain)));
    return bridges
      .filter((bridge) => !rules.some((rule) => namesLink(rule, bridge)))
      .map((bridge) => dropped(chain, bridge));
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
    remedy:
      answer.errno === ERRNO.EPERM
        ? "root here lacks CAP_NET_ADMIN, as inside another container; use --network none or host"
        : "this kernel needs nf_tables for containers with a network: modprobe nf_tables; or use --network none or host",
  });
}
