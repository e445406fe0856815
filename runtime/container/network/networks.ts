import { recordEvent } from "../../events/record.ts";
import { Failure } from "../../failure.ts";
import { openShim, type Shim } from "../../host/shim.ts";
import type { NetworkOptions } from "../../network/create.ts";
import { noSuchNetwork } from "../../network/listing.ts";
import {
  DEFAULT_NETWORK,
  isPredefined,
  type Network,
  type Networks,
  nameOf,
  networkNamed,
} from "../../network/network.ts";
import { ensureBridge, removeLink } from "../../resources/bridge.ts";
import { addNetwork } from "../../resources/network.ts";
import { keepRules } from "../../resources/rules.ts";
import { checkedName } from "../../spec/name.ts";
import { UNNAMED } from "../../spec/network.ts";
import { type Held, readNetworks } from "../../state/network-store.ts";
import { sweep } from "../../state/recover.ts";
import { hostFailure } from "../failure/diagnose.ts";
import { changingNetworks } from "./changing.ts";
import { unusedIn } from "./users.ts";

/** Makes a network with its bridge and rules, which stay until it is removed. Throws Failure, with nothing made. */
export async function createNetwork(root: string, options: NetworkOptions): Promise<Network> {
  const name = checkedName("network", options.name);
  if (isPredefined(name) || name === UNNAMED)
    throw new Failure(`${name} can't be the name of a network: --network ${name} means something else`, {
      code: "name-invalid",
      remedy: "choose another name",
    });
  return changing(`create the network ${name}`, async () => {
    const shim = await openShim();
    return await changingNetworks(shim, root, async (held) => {
      if (networkNamed(held.store, name))
        throw new Failure(`the network ${name} already exists`, {
          code: "network-exists",
          remedy: `tinydocker network rm ${name === DEFAULT_NETWORK ? "--force " : ""}${name} removes it`,
        });
      const before = held.store;
      recordEvent(root, { type: "network", action: "create", id: name, attributes: { name, type: "bridge" } });
      const network = addNetwork(shim, root, held, options);
      try {
        ensureBridge(shim, network);
        await keepRules(shim, root, held, before);
        return network;
      } catch (error) {
        removeLink(shim, network.bridge);
        held.save(before);
        throw error;
      }
    });
  });
}

/** Throws Failure when containers are on it, or there is none of that name. `force`: also the one that is made by itself. */
export async function removeNetwork(root: string, name: string, { force }: { readonly force: boolean }): Promise<void> {
  if (isPredefined(name) || (name === DEFAULT_NETWORK && !force)) throw preDefined(name);
  await removing(root, `remove the network ${name}`, ({ networks, leases }) => {
    const network = networkNamed({ networks, leases }, name);
    if (!network) throw noSuchNetwork(name);
    const users = leases.filter(({ attachments }) => attachments.some((one) => one.network === name));
    if (users.length > 0) throw inUse(name, users.map(nameOf));
    return [network];
  });
}

/** Removes the wanted ones of those that were made and that no container has. Returns their names. Throws Failure. */
export async function pruneNetworks(root: string, isWanted: (network: Network) => boolean): Promise<string[]> {
  const isMade = ({ name }: Network) => name !== DEFAULT_NETWORK;
  // Only root can remove any, and others have none.
  if (!readNetworks(root).networks.some((one) => isMade(one) && isWanted(one))) return [];
  const removed = await removing(root, "remove the unused networks", (store) =>
    store.networks.filter(unusedIn(root, store)).filter(isWanted),
  );
  return removed.map(({ name }) => name);
}

/** Removes what `choose` says, and returns it. */
function removing(root: string, what: string, choose: (store: Networks) => readonly Network[]) {
  return changing(what, async () => {
    const shim = await openShim();
    // A container whose process was killed is still listed.
    await sweep(shim, root, "");
    return await changingNetworks(shim, root, async (held) => {
      const removed = choose(held.store);
      if (removed.length > 0) await removeFrom(shim, root, held, removed);
      return removed;
    });
  });
}

/** The store comes last: if this process is killed before, the networks are listed still, and can be removed again. */
async function removeFrom(shim: Shim, root: string, held: Held, removed: readonly Network[]): Promise<void> {
  const before = held.store;
  for (const { name, bridge } of removed) {
    recordEvent(root, { type: "network", action: "destroy", id: name, attributes: { name, type: "bridge" } });
    removeLink(shim, bridge);
  }
  held.save({ ...before, networks: before.networks.filter((one) => !removed.includes(one)) });
  await keepRules(shim, root, held, before);
}

function preDefined(name: string): Failure {
  const how =
    name === DEFAULT_NETWORK
      ? `tinydocker network rm --force ${name} removes its bridge and rules all the same: the next container that needs it makes it anew`
      : `it is what --network ${name} means`;
  return new Failure(`${name} is a pre-defined network and cannot be removed`, { code: "name-invalid", remedy: how });
}

function inUse(name: string, containers: readonly string[]): Failure {
  return new Failure(`the network ${name} is in use by ${containers.join(", ")}`, {
    code: "network-in-use",
    remedy: "end these containers, or take them off first: tinydocker network disconnect",
  });
}

async function changing<T>(what: string, work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0)
    throw new Failure(`only root can ${what}`, { code: "root-required", remedy: "run tinydocker as root" });
  try {
    return await work();
  } catch (error) {
    throw hostFailure(error, what);
  }
}
