import { DEFAULT_NETWORK, type Network, type Networks } from "../../network/network.ts";
import { findAll } from "../../state/containers.ts";

/** Of the networks that were made: whether no container has it, running or not. */
export function unusedIn(root: string, { leases }: Networks): (network: Network) => boolean {
  const named = findAll(root).flatMap(({ record }) => record.spec.network.attachments);
  const used = new Set([...leases.flatMap(({ attachments }) => attachments), ...named].map(({ network }) => network));
  return ({ name }) => name !== DEFAULT_NETWORK && !used.has(name);
}
