import { readFileSync } from "node:fs";
import type { Shim } from "../host/shim.ts";
import { contains, parseAddress, parseSubnet } from "../network/address.ts";
import { type NetworkOptions, newNetwork, type Surroundings } from "../network/create.ts";
import { bridgeName } from "../network/link-names.ts";
import type { Route } from "../network/netlink/address.ts";
import type { Network } from "../network/network.ts";
import { serversIn } from "../network/resolv-conf.ts";
import type { Held } from "../state/network-store.ts";
import { findLink, removeLink, routes } from "./bridge.ts";

/** Of Ethernet: what most links carry. */
const MTU_USUAL = 1500;

/** Adds a network to the store; its bridge is made by the first container on it. Throws Failure. */
export function addNetwork(shim: Shim, root: string, held: Held, options: NetworkOptions): Network {
  const { networks } = held.store;
  const network = newNetwork(options, surroundings(shim, root, networks, options.name));
  removeLost(shim, network);
  held.save({ ...held.store, networks: [...networks, network] });
  return network;
}

/**
 * A bridge of this name is left of a store that was lost. With another subnet it would have the addresses of both, and a link
 * address that no container expects.
 */
function removeLost(shim: Shim, { bridge, subnet }: Network): void {
  const link = findLink(shim, bridge)?.index;
  const own = routes(shim).filter((route) => link !== undefined && route.link === link && route.subnet.family === 4);
  const parsed = parseSubnet(subnet);
  if (parsed && own.some((route) => !contains(parsed, route.subnet))) removeLink(shim, bridge);
}

function surroundings(shim: Shim, root: string, networks: readonly Network[], name: string): Surroundings {
  // It may be left of a store that was lost.
  const own = findLink(shim, bridgeName(root, name))?.index;
  const known = routes(shim).filter(({ link }) => link === undefined || link !== own);
  return {
    stateRoot: root,
    // A network first, because its bridge is a route as well.
    used: [...networks.flatMap(subnetsOf), ...known.map(({ subnet }) => ({ subnet, by: "a route" }))],
    resolvers: serversIn(readIfThere("/etc/resolv.conf")).flatMap((server) => parseAddress(server) ?? []),
    mtu: mtuOf(shim, known),
    now: Date.now(),
  };
}

function subnetsOf({ name, subnet, ipv6 }: Network): Surroundings["used"] {
  const texts = [subnet, ...(ipv6 ? [ipv6.subnet] : [])];
  return texts.flatMap((text) => {
    const parsed = parseSubnet(text);
    return parsed ? [{ subnet: parsed, by: `the network ${name}` }] : [];
  });
}

/** That of the link outside, which a VPN may have made shorter. */
function mtuOf(shim: Shim, known: readonly Route[]): number {
  const outward = known.find(({ subnet, link }) => subnet.family === 4 && subnet.prefix === 0 && link !== undefined);
  const mtu = outward?.link === undefined ? undefined : findLink(shim, outward.link)?.mtu;
  return Math.min(MTU_USUAL, mtu || MTU_USUAL);
}

export function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
