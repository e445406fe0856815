import { Failure } from "../failure.ts";
import { type Network, type Networks, nameOf, networkNamed } from "./network.ts";

/** These networks as a table, or as JSON. */
export function networkList(networks: Networks, json: boolean): string {
  const all = networks.networks.map((one) => described(networks, one));
  if (json) return `${JSON.stringify(all)}\n`;
  const rows = all.map(({ name, subnet, gateway, internal, containers }) => [
    name,
    subnet,
    gateway,
    internal ? "internal" : "",
    containers.map((one) => one.name).join(", "),
  ]);
  return table([["NAME", "SUBNET", "GATEWAY", "", "CONTAINERS"], ...rows]);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** Throws Failure when there is none of that name. */
export function describeNetwork(networks: Networks, name: string): string {
  return `${JSON.stringify(described(networks, existingNetwork(networks, name)), null, 2)}\n`;
}

/** Throws Failure when there is none of that name. */
export function existingNetwork(networks: Networks, name: string): Network {
  const network = networkNamed(networks, name);
  if (!network) throw noSuchNetwork(name);
  return network;
}

function described({ leases }: Networks, { created, ...network }: Network) {
  const containers = leases.flatMap((lease) =>
    lease.attachments
      .filter((one) => one.network === network.name)
      .map(({ ipv4, ipv6, aliases }) => ({
        name: nameOf(lease),
        ipv4,
        ...(ipv6 === undefined ? {} : { ipv6 }),
        aliases,
      })),
  );
  return { ...network, created: new Date(created).toISOString(), containers };
}

export function noSuchNetwork(name: string): Failure {
  return new Failure(`there is no network ${name}`, {
    code: "network-not-found",
    remedy: `tinydocker network create ${name} makes it; tinydocker network ls lists those there are`,
  });
}
