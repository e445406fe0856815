import { DEFAULT_NETWORK, isPredefined, type Network, type Networks, type PREDEFINED } from "../../network/network.ts";
import { findAll, findEach } from "../../state/containers.ts";

/** Whether a network was made, and no container has it, running or not. */
export function unusedIn(root: string, { leases }: Networks): (network: Pick<Network, "name">) => boolean {
  const named = findAll(root).flatMap(({ record }) => record.spec.network.attachments);
  const used = new Set([...leases.flatMap(({ attachments }) => attachments), ...named].map(({ network }) => network));
  return ({ name }) => name !== DEFAULT_NETWORK && !isPredefined(name) && !used.has(name);
}

/** The names of the containers that run with that in place of a network. */
export function upWith(root: string, predefined: keyof typeof PREDEFINED): string[] {
  return findEach(root, () => {})
    .filter(({ record, status }) => status.state === "running" && record.spec.network.mode === predefined)
    .map(({ record }) => record.name);
}
