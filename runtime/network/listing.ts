import { Failure } from "../failure.ts";
import { type Network, type Networks, nameOf } from "./network.ts";

/** These networks as one JSON array; ends with a newline. */
export function networksJson(networks: Networks): string {
  return `${JSON.stringify(networks.networks.map((one) => described(networks, one)))}\n`;
}

/** The names of those that are on it. */
export function membersOf({ leases }: Networks, { name }: Network): string[] {
  return leases.filter(({ attachments }) => attachments.some(({ network }) => network === name)).map(nameOf);
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
