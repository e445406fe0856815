import { recordEvent } from "../../events/record.ts";
import { Failure } from "../../failure.ts";
import { openShim } from "../../host/shim.ts";
import type { NetworkOptions } from "../../network/create.ts";
import { noSuchNetwork } from "../../network/listing.ts";
import { DEFAULT_NETWORK, type Network, nameOf, networkNamed } from "../../network/network.ts";
import { ensureBridge, removeLink } from "../../resources/bridge.ts";
import { addNetwork } from "../../resources/network.ts";
import { keepRules } from "../../resources/rules.ts";
import { checkedName } from "../../spec/name.ts";
import { findAll } from "../../state/containers.ts";
import { readNetworks, withNetworks } from "../../state/network-store.ts";
import { sweep } from "../../state/recover.ts";
import { hostFailure } from "../diagnose.ts";

/** Makes a network with its bridge and rules, which stay until it is removed. Throws Failure, with nothing made. */
export async function createNetwork(root: string, options: NetworkOptions): Promise<Network> {
  const name = checkedName("network", options.name);
  if (name === "none" || name === "host")
    throw new Failure(`${name} can't be the name of a network: --network ${name} means something else`, {
      code: "name-invalid",
      remedy: "choose another name",
    });
  return changing(`create the network ${name}`, async () => {
    const shim = await openShim();
    return await withNetworks(shim, root, async (held) => {
      if (networkNamed(held.store, name))
        throw new Failure(`the network ${name} already exists`, {
          code: "network-exists",
          remedy: `tinydocker network rm ${name} removes it`,
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

/** Throws Failure when containers are on it, or there is none of that name. */
export async function removeNetwork(root: string, name: string): Promise<void> {
  if (name === "none" || name === "host")
    throw new Failure(`${name} is no network that was made, and can't be removed: it is what --network ${name} means`, {
      code: "name-invalid",
    });
  await changing(`remove the network ${name}`, async () => {
    const shim = await openShim();
    // A container whose process was killed is still listed.
    await sweep(shim, root, "");
    await withNetworks(shim, root, async (held) => {
      const before = held.store;
      const network = networkNamed(before, name);
      if (!network) throw noSuchNetwork(name);
      const users = before.leases.filter(({ attachments }) => attachments.some((one) => one.network === name));
      if (users.length > 0) throw inUse(name, users.map(nameOf));
      // The store comes last: if this process is killed before, the network is listed still, and can be removed again.
      recordEvent(root, { type: "network", action: "destroy", id: name, attributes: { name, type: "bridge" } });
      removeLink(shim, network.bridge);
      held.save({ ...before, networks: before.networks.filter((one) => one !== network) });
      await keepRules(shim, root, held, before);
    });
  });
}

/** Removes those that were made and that no container has. Returns their names. Throws Failure. */
export async function pruneNetworks(root: string): Promise<string[]> {
  const used = new Set(
    findAll(root).flatMap(({ record }) => record.spec.network.attachments.map(({ network }) => network)),
  );
  const unused = readNetworks(root).networks.filter(({ name }) => name !== DEFAULT_NETWORK && !used.has(name));
  const removed: string[] = [];
  for (const { name } of unused) if (await removeIfUnused(root, name)) removed.push(name);
  return removed;
}

/** A container may have come, or another command have removed it. */
async function removeIfUnused(root: string, name: string): Promise<boolean> {
  try {
    await removeNetwork(root, name);
    return true;
  } catch (error) {
    if (error instanceof Failure && ["network-in-use", "network-not-found"].includes(error.code)) return false;
    throw error;
  }
}

function inUse(name: string, containers: readonly string[]): Failure {
  return new Failure(`the network ${name} is in use by ${containers.join(", ")}`, {
    code: "network-in-use",
    remedy: "end these containers first",
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
