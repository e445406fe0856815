import type { Shim } from "../../host/shim.ts";
import { vethName } from "../../network/link-names.ts";
import { type Attachment, type Lease, leaseFor, linkOf, outwardOf } from "../../network/network.ts";
import type { LinkFacts } from "../../plan/host-facts.ts";
import { routeSteps } from "../../plan/network.ts";
import { removeLink } from "../../resources/bridge.ts";
import { forgetFlows } from "../../resources/flows.ts";
import { rewriteHosts } from "../../resources/hosts-file.ts";
import { leaseEvents, rewritePeers } from "../../resources/lease.ts";
import { keepRules } from "../../resources/rules.ts";
import type { NetworkStore } from "../../state/network-files.ts";
import type { Held } from "../../state/network-store.ts";
import { type Places, placesAt } from "../../state/places.ts";
import { find } from "../../state/status.ts";
import { awaitStart } from "../running/running.ts";
import { doInside } from "./inside.ts";
import { linksOf } from "./links.ts";
import { movePorts } from "./move-ports.ts";
import { noteForMonitor } from "./note.ts";

/*
 * An attachment that is unfinished is one to be taken off: a command that connects or disconnects a container marks it so before it
 * does anything else. If it is killed, the next one that changes the networks takes it off.
 */

/** Takes off what killed commands left. What can't be is left to the next one. */
export async function settle(shim: Shim, root: string, held: Held): Promise<void> {
  for (const { container, attachments } of held.store.leases)
    for (const { network, unfinished } of attachments)
      if (unfinished) await takeOff(shim, root, held, container, network).catch(() => {});
}

/** Takes a container off a network; the store has it as unfinished. It can be done again after one that was killed half-way. */
export async function takeOff(shim: Shim, root: string, held: Held, container: string, network: string): Promise<void> {
  const before = held.store;
  const lease = leaseFor(before, container);
  const attachment = lease?.attachments.find((one) => one.network === network);
  if (!lease || !attachment) return;
  const left = { ...lease, attachments: lease.attachments.filter((one) => one !== attachment) };
  const after = withLease(before, left);
  const links = linksOf(shim, after, left);
  const places = placesAt(root, container);
  const isOther = (one: { readonly network: string }) => one.network !== network;
  const process = await noteForMonitor(shim, places, (attachments) => attachments.filter(isOther), links);
  // One that is being set up may just get the link.
  if (process) await awaitStart(process);
  removeLink(shim, vethName(attachment.ipv4));
  if (outwardOf(before, lease) === attachment) await moveWay(shim, places, lease, links);
  held.save(after);
  rewriteHosts(root, after, left);
  rewritePeers(root, after, lease);
  leaseEvents(root, "disconnect", { ...lease, attachments: [attachment] });
  await keepRules(shim, root, held, before);
  forgetFlows(shim, attachment.ipv4);
}

/** The way out of a container, and the one in to its published ports, through another of its networks; there may be none. */
async function moveWay(shim: Shim, places: Places, { ports }: Lease, links: readonly LinkFacts[]): Promise<void> {
  const found = find(places);
  if (found?.status.state !== "running" && found?.status.state !== "restarting") return;
  const { spec, life } = found.record;
  const way = links.find(({ isDefault }) => isDefault);
  if (way && found.status.state === "running") await doInside(shim, spec, found.status.process, routeSteps(way));
  if (life && ports.length > 0) await movePorts(shim, places, ports, way?.addresses[0]?.replace(/\/.*/, ""));
}

export function withLease(store: NetworkStore, lease: Lease): NetworkStore {
  return { ...store, leases: store.leases.map((one) => (one.container === lease.container ? lease : one)) };
}

/** With the names of its links, which depend on no other any more. */
export function withLinkNames(lease: Lease): Lease {
  const named = (one: Attachment): Attachment => ({ ...one, link: linkOf(lease, one) });
  return { ...lease, attachments: lease.attachments.map(named) };
}
