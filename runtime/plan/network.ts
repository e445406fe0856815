import { SIGNAL } from "../linux.ts";
import { type Address, parseAddress, parseSubnet } from "../network/address.ts";
import { defaultRoute, getRoute, newAddress, newNeighbour } from "../network/netlink/address.ts";
import { deleteLink, linkUp, type Namespace, newVeth, noLinkLocal, portUp } from "../network/netlink/link.ts";
import { wordsOf } from "../network/netlink/message.ts";
import type { LinkFacts } from "./host-facts.ts";
import { CLONE_NEW } from "./namespaces.ts";
import type { Step } from "./step.ts";

/** The slot of the caller's netlink socket, in the host's network namespace. */
export const HOST_NETLINK_SLOT = 0;
/** The last one, TD_SLOTS_MAX of native/plan.h: the init opens its own there. */
const OWN_NETLINK_SLOT = 255;

type Reason = Step["reason"];

/**
 * A cable from each bridge to the container, before all else: the kernel takes a while to switch it through. `isFirst`: the
 * init is pid 1.
 */
export function networkSteps(links: readonly LinkFacts[], isFirst: boolean): Step[] {
  const namespace = isFirst ? FIRST_PROCESS : { fd: OWN_NETWORK_FD };
  const open: Step = { op: "OPEN_NETWORK", fd: OWN_NETWORK_FD, reason: "ownNetwork" };
  return [
    ...(links.length === 0 ? [] : [NO_ROUTERS]),
    ...(links.length === 0 || isFirst ? [] : [open]),
    ...links.flatMap((link) => [...cable(link, namespace), ...ownEnd(link)]),
  ];
}

/** In the network of a container that runs, whose pidfd is in the slot after the first; `links` are what it is to have besides. */
export function plugSteps(links: readonly LinkFacts[]): Step[] {
  return insideSteps(...networkSteps(links, false), ...awaitNetwork(links));
}

/** The same; what has no other route goes through this link, which it has already. */
export function routeSteps({ gateways }: Pick<LinkFacts, "gateways">): Step[] {
  const steps = defaultRoutes(gateways).map((route): Step => ({ ...inside("route", "", route), excusedBy: "EEXIST" }));
  return insideSteps(...steps);
}

const PROCESS_SLOT = HOST_NETLINK_SLOT + 1;

function insideSteps(...steps: readonly Step[]): Step[] {
  return [
    { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "execDies" },
    { op: "SETNS", slot: PROCESS_SLOT, namespaces: CLONE_NEW.network, reason: "joinNetwork" },
    ...steps,
    { op: "END", reason: "plugged" },
  ];
}

/** Of links that are yet to be made. Without IPv6 there is no such setting, and inside another container it may be only to be read. */
const NO_ROUTERS: Step = {
  op: "SYSCTL",
  path: "net/ipv6/conf/default/accept_ra",
  value: "0",
  reason: "noRouters",
  excusedBy: "any",
};

/** The init of a pid namespace of its own. */
const FIRST_PROCESS = { pid: 1 };
/** A number that no other descriptor of the init has: the one after its last slot for one of the caller's, of native/plan.h. */
const OWN_NETWORK_FD = 41;

function cable(link: LinkFacts, namespace: Namespace): Step[] {
  const here = { name: link.veth, master: link.bridgeIndex };
  const gone: Step = { ...onHost("cableGone", deleteLink(link.veth)), excusedBy: "ENODEV" };
  return [
    ...(link.isAgain ? [gone] : []),
    onHost("cable", newVeth(here, { name: link.name, mac: link.mac, namespace }, link.mtu)),
    onHost("port", portUp(link.veth, link.alias)),
    onHost("known", ...addressesOf(link).map((address) => newNeighbour(address, link.mac, false, link.bridgeIndex))),
  ];
}

function ownEnd(link: LinkFacts): Step[] {
  const { name, addresses, gatewayMac } = link;
  const gateways = addressesIn(link.gateways);
  return [
    inside("linkUp", "", ...(addresses.length > 1 ? [] : [noLinkLocal(name)]), linkUp(name)),
    inside("address", name, ...addressesOf(link).map((address) => newAddress(address))),
    inside("gatewayKnown", name, ...gateways.map((gateway) => newNeighbour(gateway, gatewayMac, true))),
    ...(link.isDefault ? [inside("route", "", ...defaultRoutes(link.gateways))] : []),
  ];
}

function defaultRoutes(gateways: readonly string[]): Uint8Array[] {
  return addressesIn(gateways).map(defaultRoute);
}

function addressesIn(texts: readonly string[]): Address[] {
  return texts.flatMap((text) => parseAddress(text) ?? []);
}

function addressesOf({ addresses }: LinkFacts) {
  return addresses.flatMap((text) => parseSubnet(text) ?? []);
}

/** Until packets pass: what was sent before would be lost, and sent again only after a second. */
export function awaitNetwork(links: readonly LinkFacts[]): Step[] {
  const wait = { op: "AWAIT_LINK", reason: "packetsPass", excusedBy: "ETIMEDOUT" } as const;
  return links.flatMap((link): Step[] => [
    { ...wait, slot: HOST_NETLINK_SLOT, link: link.veth },
    { ...wait, slot: HOST_NETLINK_SLOT, link: link.bridge },
    { ...wait, slot: OWN_NETLINK_SLOT, link: link.name },
    ...addressesOf(link)
      .filter(({ family }) => family === 6)
      .map(awaitLocal),
  ]);
}

/** The kernel makes the route to an address of IPv6 later than the address, in a worker, and drops what comes before. */
function awaitLocal(address: Address): Step {
  const request = wordsOf(getRoute(address));
  return { op: "AWAIT_LOCAL", slot: OWN_NETLINK_SLOT, request, reason: "answersArrive", excusedBy: "ETIMEDOUT" };
}

function onHost(reason: Reason, ...messages: readonly Uint8Array[]): Step {
  return { op: "NETLINK", slot: HOST_NETLINK_SLOT, link: "", messages: wordsOf(...messages), reason };
}

function inside(reason: Reason, link: string, ...messages: readonly Uint8Array[]): Step {
  return { op: "NETLINK", slot: OWN_NETLINK_SLOT, link, messages: wordsOf(...messages), reason };
}
