import { Failure } from "../failure.ts";
import { refuseRouterAdvertisements } from "../host/network/forwarding.ts";
import { type Answer, exchange } from "../host/network/netlink.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";
import { parseAddress, parseSubnet, type Subnet } from "../network/address.ts";
import { macOf } from "../network/link-names.ts";
import { getRoute, getRoutes, newAddress, type Route, routeOf } from "../network/netlink/address.ts";
import {
  deleteLink,
  getLink,
  type Link,
  linkOf,
  linkUp,
  newBridge,
  noLinkLocal,
  setAlias,
} from "../network/netlink/link.ts";
import { PROTOCOL } from "../network/netlink/numbers.ts";
import type { Network } from "../network/network.ts";

/** The bridge of a network, for the container that has the address. Throws Failure when it can't be made. */
export function bridgeFor(shim: Shim, network: Network, address: string): Pick<Link, "name" | "index"> {
  return routedBridge(shim, network, address) ?? ensureBridge(shim, network);
}

/** If the machine sends to the container through the bridge, from its gateway, all is as ensureBridge() would make it. */
function routedBridge(
  shim: Shim,
  { bridge, gateway, ipv6 }: Network,
  to: string,
): Pick<Link, "name" | "index"> | undefined {
  const [address, from] = [parseAddress(to), parseAddress(gateway)];
  if (ipv6 || !address || !from) return undefined;
  const answer = rtnetlink(shim, getRoute(address));
  const [message] = "messages" in answer ? answer.messages : [];
  const route = message && routeOf(message.body);
  const index = shim.linkIndex(bridge);
  return route?.link === index && route.source?.value === from.value ? { name: bridge, index } : undefined;
}

/** Makes the bridge of a network, or mends it: it may be gone after a boot, and others may have switched it off. */
export function ensureBridge(shim: Shim, network: Network): Link {
  const { bridge, gateway, ipv6 } = network;
  const mac = macOf(gateway);
  const link = findLink(shim, bridge) ?? makeBridge(shim, bridge, mac);
  if (link.kind !== "bridge") {
    throw new Failure(`the link ${bridge} is not a bridge, and the network ${network.name} needs one of that name`, {
      code: "network-refused",
      remedy: `ip link delete ${bridge}, if nothing needs it`,
    });
  }
  refuseRouterAdvertisements(bridge);
  const addresses = [network, ...(ipv6 ? [ipv6] : [])].flatMap((one) => gatewayIn(one) ?? []);
  const messages = addresses.map((address) => newAddress(address, link.index));
  check(`set up the bridge ${bridge}`, rtnetlink(shim, ...messages));
  if (!link.isUp) check(`switch on the bridge ${bridge}`, rtnetlink(shim, ...bridgeUp(network)));
  return link;
}

function makeBridge(shim: Shim, bridge: string, mac: readonly number[]): Link {
  check(`make the bridge ${bridge}`, rtnetlink(shim, newBridge(bridge, mac)));
  const link = findLink(shim, bridge);
  if (link) return link;
  throw new Failure(`the bridge ${bridge} was removed while the network was set up`, { code: "network-refused" });
}

function bridgeUp({ name, bridge, ipv6 }: Network): Uint8Array[] {
  return [setAlias(bridge, `tinydocker network ${name}`), ...(ipv6 ? [] : [noLinkLocal(bridge)]), linkUp(bridge)];
}

function gatewayIn({ subnet, gateway }: { subnet: string; gateway: string }): Subnet | undefined {
  return parseSubnet(`${gateway}/${parseSubnet(subnet)?.prefix}`);
}

/** By its name or its index; undefined if there is none. */
export function findLink(shim: Shim, name: string | number): Link | undefined {
  const answer = rtnetlink(shim, getLink(name));
  if ("errno" in answer && answer.errno === ERRNO.ENODEV) return undefined;
  const [message] = check(`look for the link ${name}`, answer);
  return message && linkOf(message.body);
}

/** It need not exist. */
export function removeLink(shim: Shim, name: string): void {
  const answer = rtnetlink(shim, deleteLink(name));
  if ("errno" in answer && answer.errno === ERRNO.ENODEV) return;
  check(`remove the link ${name}`, answer);
}

/** Those of the machine, in all its tables. */
export function routes(shim: Shim): Route[] {
  return check("read the routes", rtnetlink(shim, getRoutes())).flatMap(({ body }) => routeOf(body) ?? []);
}

function rtnetlink(shim: Shim, ...messages: readonly Uint8Array[]): Answer {
  return exchange(shim, PROTOCOL.NETLINK_ROUTE, ...messages);
}

function check(what: string, answer: Answer) {
  if ("messages" in answer) return answer.messages;
  const isForbidden = answer.errno === ERRNO.EPERM;
  throw new Failure(`can't ${what}: ${answer.why}`, {
    code: "network-refused",
    remedy: isForbidden
      ? "root here lacks CAP_NET_ADMIN, as inside another container; use --network none or host"
      : "ip -details link shows the links there are",
  });
}
