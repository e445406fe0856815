import { type HostEntry, type Lease, type Networks, nameOf } from "./network.ts";

const LOOPBACK = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

/** hosts(5) of a container without a network: it knows itself. */
export function loopbackHosts(own: OwnName, extra: readonly HostEntry[]): string {
  return `${LOOPBACK}127.0.1.1\t${ownNames(own).join(" ")}\n${hostLines(extra)}`;
}

type OwnName = Pick<Lease, "hostname" | "domainname">;

/** The full name first, which hostname -f and mail servers take. */
function ownNames({ hostname, domainname }: OwnName): string[] {
  return domainname === undefined ? [hostname] : [`${hostname}.${domainname}`, hostname];
}

/** hosts(5) of a container: itself, what was asked for, then every other container of its networks by name and alias. */
export function hostsOf(networks: Networks, lease: Lease): string {
  const own = lease.attachments.flatMap((attachment) =>
    entriesOf(attachment, [...ownNames(lease), nameOf(lease), ...attachment.aliases]),
  );
  return `${LOOPBACK}${hostLines(own)}${hostLines(lease.extraHosts)}${hostLines(peersOf(networks, lease))}`;
}

function peersOf({ leases }: Networks, lease: Lease): HostEntry[] {
  const joined = new Set(lease.attachments.map(({ network }) => network));
  return leases
    .filter(({ container }) => container !== lease.container)
    .flatMap((peer) =>
      peer.attachments
        .filter(({ network }) => joined.has(network))
        .flatMap((attachment) =>
          entriesOf(attachment, [nameOf(peer), ...attachment.aliases, ...linkedAs(lease, nameOf(peer))]),
        ),
    );
}

function linkedAs({ links = [] }: Lease, name: string): string[] {
  return links.filter(({ to }) => to === name).map(({ alias }) => alias);
}

function entriesOf({ ipv4, ipv6 }: Lease["attachments"][number], names: readonly string[]): HostEntry[] {
  const unique = [...new Set(names)];
  return [ipv4, ...(ipv6 === undefined ? [] : [ipv6])].map((address) => ({ address, names: unique }));
}

export function hostLines(entries: readonly HostEntry[]): string {
  return entries.map(({ address, names }) => `${address}\t${names.join(" ")}\n`).join("");
}

/** The containers whose hosts files name this one. */
export function peersNaming({ leases }: Networks, lease: Lease): Lease[] {
  const joined = new Set(lease.attachments.map(({ network }) => network));
  return leases.filter(
    (peer) => peer.container !== lease.container && peer.attachments.some(({ network }) => joined.has(network)),
  );
}
