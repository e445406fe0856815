import { exchange } from "../host/network/netlink.ts";
import type { Shim } from "../host/shim.ts";
import { deleteFlow, getFlows } from "../network/netlink/flows.ts";
import { PROTOCOL } from "../network/netlink/numbers.ts";

/**
 * For as long as a client of UDP goes on sending from the same port, the kernel leads it to the address it found first,
 * whatever the rules say by then: to nobody, or to the next container that gets the address. Without the right to see flows,
 * or once one has ended by itself, there is nothing to do.
 */
export function forgetFlows(shim: Shim, ipv4: string): void {
  const answer = exchange(shim, PROTOCOL.NETLINK_NETFILTER, getFlows(ipv4));
  if ("errno" in answer) return;
  for (const flow of answer.messages) exchange(shim, PROTOCOL.NETLINK_NETFILTER, deleteFlow(flow));
}
