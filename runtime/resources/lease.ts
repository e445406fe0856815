import { recordEvent } from "../events/record.ts";
import { Failure } from "../failure.ts";
import type { Shim } from "../host/shim.ts";
import { peersNaming } from "../network/hosts-file.ts";
import { type AddressFault, beside, takeAddress } from "../network/leases.ts";
import { vethName } from "../network/link-names.ts";
import { noSuchNetwork } from "../network/listing.ts";
import {
  type Attachment,
  type Lease,
  leaseFor,
  type Network,
  type Networks,
  nameOf,
  networkNamed,
  outwardOf,
  type PublishedPort,
} from "../network/network.ts";
import { collide, portText } from "../network/publish.ts";
import type { NetworkSpec, RequestedAttachment } from "../spec/network.ts";
import type { NetworkStore } from "../state/network-files.ts";
import { type Held, readNetworks, withNetworks } from "../state/network-store.ts";
import { removeLink } from "./bridge.ts";
import type { ContainerLease } from "./container-lease.ts";
import { forgetFlows } from "./flows.ts";
import { removeHosts, rewriteHosts } from "./hosts-file.ts";
import { hasOtherRules, keepRules } from "./rules.ts";

type LeaseOwner = Pick<Lease, "container" | "name" | "hostname" | "domainname">;

/** Gives the container its addresses, in the store. Throws Failure when there are none. */
export function takeLease(shim: Shim, held: Held, owner: LeaseOwner, network: NetworkSpec): Lease {
  const others = held.store.leases.filter(({ container }) => container !== owner.container);
  let store: NetworkStore = { ...held.store, leases: others };
  const attachments = network.attachments.map((asked) => {
    const attachment = takeAttachment(shim, store, asked);
    store = { ...store, last: { ...store.last, [asked.network]: attachment.ipv4 } };
    return attachment;
  });
  const { ports, extraHosts, links } = network;
  const lease: Lease = { ...owner, attachments, ports, extraHosts, ...(links && { links }) };
  held.save({ ...store, leases: [...others, lease] });
  return lease;
}

/** Names the container that has one of the ports; opening them finds every other user. Throws Failure. */
export function refuseTakenPorts({ leases }: Networks, wanted: readonly PublishedPort[]): void {
  for (const lease of leases) {
    const taken = wanted.find((port) => lease.ports.some((other) => collide(port, other)));
    if (!taken) continue;
    throw new Failure(`the port ${portText(taken)} of this machine is in use by the container ${nameOf(lease)}`, {
      code: "port-in-use",
      remedy: "publish another one, or end that container",
    });
  }
}

/** Gives a container its addresses on one network, in the store that is yet to be saved. Throws Failure when there are none. */
export function takeAttachment(shim: Shim, store: NetworkStore, asked: RequestedAttachment): Attachment {
  const network = networkNamed(store, asked.network);
  if (!network) throw noSuchNetwork(asked.network);
  const ipv4 = ipv4For(shim, store, network, asked.ipv4);
  const ipv6 = network.ipv6
    ? checked(network, asked.ipv6, takeAddress(store, network, 6, { ...given(asked.ipv6), ...behind(network, ipv4) }))
    : undefined;
  if (asked.ipv6 !== undefined && ipv6 === undefined) throw unavailable(network, asked.ipv6, "outside");
  const { aliases, mac } = asked;
  return { network: network.name, ipv4, aliases, ...(ipv6 && { ipv6 }), ...(mac && { mac }) };
}

/** Of those that are asked for, whether anybody can have them on that network. Throws Failure. */
export function checkAddresses(network: Network, { ipv4, ipv6 }: Pick<RequestedAttachment, "ipv4" | "ipv6">): void {
  const unused = { networks: [network], leases: [] };
  if (ipv4 !== undefined) checked(network, ipv4, takeAddress(unused, network, 4, { asked: ipv4 }));
  if (ipv6 !== undefined) checked(network, ipv6, takeAddress(unused, network, 6, { asked: ipv6 }));
}

/** The cable of a container that just ended lingers for up to a quarter of a second, and has the address in its name. */
function ipv4For(shim: Shim, store: NetworkStore, network: Network, asked: string | undefined): string {
  const last = store.last[network.name];
  const options = { ...given(asked), ...(last === undefined ? {} : { last }) };
  const isBusy = (address: string) => shim.linkIndex(vethName(address)) >= 0;
  const free = takeAddress(store, network, 4, { ...options, isBusy });
  const address = checked(network, asked, free === "used up" ? takeAddress(store, network, 4, options) : free);
  if ((asked !== undefined || free === "used up") && isBusy(address)) removeLink(shim, vethName(address));
  return address;
}

function behind(network: Network, ipv4: string): { last?: string } {
  const last = beside(network, ipv4);
  return last === undefined ? {} : { last };
}

function given(asked: string | undefined): { asked?: string } {
  return asked === undefined ? {} : { asked };
}

function checked(network: Network, asked: string | undefined, address: string | AddressFault): string {
  if (address !== "outside" && address !== "taken" && address !== "reserved" && address !== "used up") return address;
  throw unavailable(network, asked ?? "", address);
}

function unavailable({ name, subnet, ipv6 }: Network, asked: string, fault: AddressFault): Failure {
  const blocks = [subnet, ...(ipv6 ? [ipv6.subnet] : [])].join(" and ");
  const whys: Record<AddressFault, string> = {
    outside: `${asked} is not one of the addresses of the network ${name}, ${blocks}`,
    reserved: `${asked} is an address that the network ${name} keeps for itself`,
    taken: `the address ${asked} of the network ${name} is in use by another container`,
    "used up": `all addresses of the network ${name}, ${blocks}, are in use`,
  };
  return new Failure(whys[fault], {
    code: "address-unavailable",
    remedy:
      fault === "used up"
        ? "end containers that are not needed, or create a network with a larger --subnet"
        : "choose another address",
  });
}

/** Tells a container that runs, and those on its networks, by which name it is known now. */
export async function renameLease(shim: Shim, root: string, container: string, name: string): Promise<void> {
  const isIts = (one: Lease) => one.container === container;
  if (!readNetworks(root).leases.some(isIts)) return;
  await withNetworks(shim, root, async (held) => {
    held.save({ ...held.store, leases: held.store.leases.map((one) => (isIts(one) ? { ...one, name } : one)) });
    const lease = leaseFor(held.store, container);
    if (!lease) return;
    rewriteHosts(root, held.store, lease);
    rewritePeers(root, held.store, lease);
  });
}

/** Of each network that the container is on, or was. */
export function leaseEvents(root: string, action: "connect" | "disconnect", lease: Lease): void {
  for (const { network } of lease.attachments)
    recordEvent(root, {
      type: "network",
      action,
      id: network,
      attributes: { container: nameOf(lease), name: network },
    });
}

/** Frees what the container has of the networks. It need not have anything. */
export async function freeLease(shim: Shim, root: string, { container }: ContainerLease): Promise<void> {
  await withNetworks(shim, root, async (held) => {
    const before = held.store;
    const lease = leaseFor(before, container);
    removeHosts(root, container);
    if (!lease) return await forgetUnwritten(shim, root, held);
    leaseEvents(root, "disconnect", lease);
    held.save({ ...before, leases: before.leases.filter((one) => one !== lease) });
    rewritePeers(root, held.store, lease);
    if (hasOtherRules(root, held.store)) await keepRules(shim, root, held, before);
    const target = lease.ports.some(({ protocol }) => protocol === "udp") && outwardOf(before, lease);
    if (target) forgetFlows(shim, target.ipv4);
  });
}

/** A process that was killed before it wrote the store may have told the others of a container, and the kernel of its ports. */
async function forgetUnwritten(shim: Shim, root: string, held: Held): Promise<void> {
  for (const peer of held.store.leases) rewriteHosts(root, held.store, peer);
  if (held.store.declared) await keepRules(shim, root, held, held.store);
}

export function rewritePeers(root: string, networks: Networks, lease: Lease): void {
  for (const peer of peersNaming(networks, lease)) rewriteHosts(root, networks, peer);
}
