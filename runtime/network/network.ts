import { macOf, parseMac } from "./link-names.ts";

/** A network of containers: a bridge of this machine, and the addresses on it. */
export interface Network {
  readonly name: string;
  /** The bridge's link. */
  readonly bridge: string;
  /** Such as 172.18.0.0/16. */
  readonly subnet: string;
  /** The bridge's own address. */
  readonly gateway: string;
  readonly ipv6?: { readonly subnet: string; readonly gateway: string };
  /** Nothing outside can be reached from it. */
  readonly internal: boolean;
  /** The longest packet that its links carry, in bytes. */
  readonly mtu: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A port of this machine that leads to one of a container. */
export interface PublishedPort {
  readonly protocol: "tcp" | "udp";
  /** The machine's address on which it is; absent: on all. */
  readonly address?: string;
  readonly host: number;
  readonly container: number;
}

/** An address that a container has, and the names by which the other containers of the network know it. */
export interface Attachment {
  readonly network: string;
  readonly ipv4: string;
  readonly ipv6?: string;
  /** Absent: one made of its address. */
  readonly mac?: string;
  readonly aliases: readonly string[];
  /** As the container sees it; absent: eth and its place among the attachments. */
  readonly link?: string;
  /** It is just being made, or removed; where nobody has the networks any more, who did that was killed. */
  readonly unfinished?: true;
}

/** What a running container has of the networks. */
export interface Lease {
  /** Its key. */
  readonly container: string;
  /** Where it has been renamed. */
  readonly name?: string;
  readonly hostname: string;
  readonly domainname?: string;
  /** The first one with a way out has the default route and the published ports. */
  readonly attachments: readonly Attachment[];
  readonly ports: readonly PublishedPort[];
  /** Lines of its hosts file: those that were asked for. */
  readonly extraHosts: readonly HostEntry[];
  /** Names that it alone knows others by. */
  readonly links?: readonly Link[];
}

/** As docker's --link. */
export interface Link {
  /** The name of another container. */
  readonly to: string;
  readonly alias: string;
}

export interface HostEntry {
  readonly address: string;
  readonly names: readonly string[];
}

export function nameOf({ container, name }: Lease): string {
  return name ?? container;
}

/** What a container has of the networks, by its key; undefined where it is on none. */
export function leaseFor({ leases }: Pick<Networks, "leases">, key: string): Lease | undefined {
  return leases.find(({ container }) => container === key);
}

/** The networks of a state directory. */
export interface Networks {
  readonly networks: readonly Network[];
  readonly leases: readonly Lease[];
}

/** The network of a container for which none was named. */
export const DEFAULT_NETWORK = "bridge";

/** What docker lists as networks besides, and calls their drivers: no network that was made, and what --network of these names means. */
export const PREDEFINED = { host: "host", none: "null" } as const;

export function isPredefined(name: string): name is keyof typeof PREDEFINED {
  return Object.hasOwn(PREDEFINED, name);
}

export function networkNamed({ networks }: Networks, name: string): Network | undefined {
  return networks.find((network) => network.name === name);
}

/** The link of an attachment, as the container sees it. */
export function linkOf({ attachments }: Pick<Lease, "attachments">, attachment: Attachment): string {
  return attachment.link ?? `eth${attachments.indexOf(attachment)}`;
}

export function macOfLink({ mac = "", ipv4 }: Attachment): readonly number[] {
  return parseMac(mac) ?? macOf(ipv4);
}

/** The attachment through which a container reaches what is outside its networks. */
export function outwardOf(networks: Networks, { attachments }: Pick<Lease, "attachments">): Attachment | undefined {
  return attachments.find(({ network }) => networkNamed(networks, network)?.internal === false);
}
