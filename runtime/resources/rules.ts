import { Failure } from "../failure.ts";
import { transact } from "../host/network/netlink.ts";
import { loadNftables } from "../host/network/nftables.ts";
import type { Shim } from "../host/shim.ts";
import { iptablesOf } from "../network/iptables.ts";
import { fnv1a, tableName } from "../network/link-names.ts";
import { changeElements } from "../network/netlink/elements.ts";
import type { Networks } from "../network/network.ts";
import { CHAINS, noRuleset, portChanges, ruleset } from "../network/rules.ts";
import type { NetworkStore } from "../state/network-files.ts";
import type { Held } from "../state/network-store.ts";
import { type Filter, readFilter } from "./filter.ts";

/**
 * Declares our table anew unless the kernel has it as the store wants it: nothing in it changes, and nobody else changed
 * rules since it was declared. Without a network there is none. `before`: the store that it was declared for last, if it was.
 * Returns what there was.
 */
export async function keepRules(shim: Shim, root: string, held: Held, before: Networks): Promise<Filter | undefined> {
  const filter = readFilter(shim);
  await keep(shim, tableName(root), held, before, filter);
  return filter;
}

async function keep(
  shim: Shim,
  table: string,
  held: Held,
  before: Networks,
  filter: Filter | undefined,
): Promise<void> {
  const { declared, ...store } = held.store;
  if (store.networks.length === 0) {
    if (declared || filter?.chains.some((chain) => chain.table === table)) await declare(table, store, filter);
    if (declared) held.save(store);
    return;
  }
  const rules = fnv1a(ruleset(table, store));
  const isOurs = filter && declared && declared.generation === filter.generation && isWhole(filter, table);
  if (isOurs && declared.rules === rules) return;
  const isBefore = isOurs && declared.rules === fnv1a(ruleset(table, before));
  const changed = isBefore ? changePorts(shim, table, before, store, filter) : undefined;
  if (changed === undefined) {
    // If this process is killed now, the next one finds a lease, and frees it with its rules.
    held.write();
    await declare(table, store, filter);
  }
  const generation = changed ?? readFilter(shim)?.generation;
  held.save({ ...store, declared: { rules, ...(generation === undefined ? {} : { generation }) } });
}

/** Changes only elements of published ports. Returns the generation after that; undefined where more differs. */
function changePorts(shim: Shim, table: string, before: Networks, after: Networks, { generation }: Filter) {
  const changes = portChanges(before, after);
  if (changes === undefined || generation === undefined) return undefined;
  const errno = transact(shim, changeElements(table, changes, generation));
  return errno === 0 ? (generation + 1) >>> 0 : undefined;
}

/** Another network namespace can have the same generation. */
function isWhole({ chains }: Filter, table: string): boolean {
  return CHAINS.every((name) => chains.some((chain) => chain.table === table && chain.name === name));
}

/** Whether the rules that were declared last are others than the store wants. */
export function hasOtherRules(root: string, { declared, ...store }: NetworkStore): boolean {
  return declared !== undefined && declared.rules !== fnv1a(ruleset(tableName(root), store));
}

/** By libnftables; where that is not installed, or the kernel has no nf_tables, by iptables. */
async function declare(table: string, networks: Networks, filter: Filter | undefined): Promise<void> {
  // Only now: most starts change nothing in the table, and need no libnftables. Without nf_tables it ends the process.
  const nftables = filter && (await loadNftables());
  if (!nftables) return declareByIptables(table, networks);
  const refusal = nftables(networks.networks.length === 0 ? noRuleset(table) : ruleset(table, networks));
  if (refusal !== undefined) throw refused(refusal, "nft list ruleset shows what there is");
}

async function declareByIptables(table: string, networks: Networks): Promise<void> {
  const { declareWithIptables, removeWithIptables } = await import("../host/network/iptables.ts");
  for (const rules of iptablesOf(table, networks)) {
    if (networks.networks.length === 0) removeWithIptables(rules);
    else {
      const refusal = declareWithIptables(rules);
      if (refusal !== undefined) throw refused(refusal, "apt-get install libnftables1, or iptables");
    }
  }
}

function refused(why: string, remedy: string): Failure {
  return new Failure(`can't declare the rules of the networks: ${why.split("\n")[0]}`, {
    code: "firewall-unusable",
    remedy: `${remedy}; or use --network none or host`,
  });
}
