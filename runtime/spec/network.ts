import { Failure } from "../failure.ts";
import { addressText, parseAddress } from "../network/address.ts";
import { parseMac } from "../network/link-names.ts";
import { DEFAULT_NETWORK, type HostEntry, type Link, type PublishedPort } from "../network/network.ts";
import { publishedPorts } from "../network/publish.ts";
import type { Dns } from "../network/resolv-conf.ts";
import { isUserModeProgram, type UserModeProgram } from "../network/user-mode.ts";
import { checkedName } from "./name.ts";
import { type NamedNetwork, namedNetwork, onFirst } from "./named-network.ts";
import { containerIn } from "./sharing.ts";

/** What a caller asks for, in the words of docker's options. */
export interface NetworkRequest {
  /**
   * none, host, default, container:NAME, or names of networks, each with what it has there as namedNetwork reads it; without
   * root bridge, slirp4netns or pasta. Default: bridge; none without root.
   */
  readonly names?: readonly string[] | undefined;
  /** Further names of the container on its networks. */
  readonly aliases?: readonly string[] | undefined;
  /** Its address of IPv4, and of IPv6, on the first network it is on. */
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  /** Six bytes in hexadecimal, of its link on that network. Default: made of its address. */
  readonly macAddress?: string | undefined;
  /** [ADDR:]PORT[-PORT]:PORT[-PORT][/tcp|/udp] each. */
  readonly publish?: readonly string[] | undefined;
  /** Addresses of name servers; default: the machine's. */
  readonly dns?: readonly string[] | undefined;
  /** Domains in which names are looked up; `.`: none. Default: the machine's. */
  readonly dnsSearch?: readonly string[] | undefined;
  /** Words of the line `options` of resolv.conf(5). Default: the machine's. */
  readonly dnsOptions?: readonly string[] | undefined;
  /** NAME:ADDR each, for its /etc/hosts; the address host-gateway is this machine's. */
  readonly addHosts?: readonly string[] | undefined;
  /** NAME[:ALIAS] each: a further name for another container of its networks, which it alone has. */
  readonly links?: readonly string[] | undefined;
}

/** The network of a container. */
export interface NetworkSpec {
  /** none: only its own loopback. host: the machine's own. joined: `attachments`. user: a way out through a program. container: another container's. */
  readonly mode: "none" | "host" | "joined" | "user" | "container";
  /** Of the mode user; absent: the first that is installed. */
  readonly program?: UserModeProgram;
  /** Nobody asked for a network: a container that can't be connected starts without. */
  readonly byDefault: boolean;
  readonly attachments: readonly RequestedAttachment[];
  readonly ports: readonly PublishedPort[];
  readonly dns: Dns;
  readonly extraHosts: readonly HostEntry[];
  readonly links?: readonly Link[];
}

/** A network to join; an address that is absent is chosen. */
export interface RequestedAttachment {
  readonly network: string;
  readonly aliases: readonly string[];
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly mac?: string;
}

/** As docker names the network of a container for which none is named. */
export const UNNAMED = "default";

/** In place of an address in `extraHosts`: this machine's, as the container reaches it. */
export const HOST_GATEWAY = "host-gateway";

/** A host name, or a domain, as the files of the resolver take it. */
const DNS_NAME = /^[a-zA-Z0-9_]([a-zA-Z0-9_.-]{0,251}[a-zA-Z0-9_])?$/;

/** Whether it is left to the machine which network a container gets. */
export function isByDefault({ names = [] }: NetworkRequest): boolean {
  return names.length === 0 || (names.length === 1 && names[0] === UNNAMED);
}

/** Completes and checks the request. Throws Failure for what can't be. */
export function networkOf(request: NetworkRequest, caller: { readonly netAdmin: boolean }): NetworkSpec {
  const networks = networksOf(request, caller);
  const names = networks.map(({ name }) => name);
  const mode = modeOf(names, caller);
  const spec = {
    mode,
    ...programOf(mode, names),
    byDefault: isByDefault(request) && !needsNetwork(request),
    attachments: mode === "joined" ? onFirst(networks, request).map((one) => attachmentOf(one, request.aliases)) : [],
    ports: publishedPorts(request.publish ?? []),
    dns: dnsOf(request),
    extraHosts: (request.addHosts ?? []).map(hostOf),
    ...(request.links?.length ? { links: request.links.map(linkOf) } : {}),
  };
  if (mode !== "joined") refuseWithout(mode, names[0] ?? "", request);
  else if (!caller.netAdmin) throw joiningNeedsRoot(names[0] ?? "");
  return spec;
}

function networksOf(request: NetworkRequest, caller: { readonly netAdmin: boolean }): NamedNetwork[] {
  const usual = caller.netAdmin ? DEFAULT_NETWORK : "none";
  const names = isByDefault(request) ? [usual] : (request.names ?? []);
  const networks = names.map((name) => namedNetwork(name === UNNAMED ? DEFAULT_NETWORK : name));
  const twice = networks.find(({ name }, i) => networks.findIndex((one) => one.name === name) !== i);
  if (twice !== undefined) throw refused(`the network ${twice.name} is named twice`);
  return networks;
}

function modeOf(names: readonly string[], caller: { readonly netAdmin: boolean }): NetworkSpec["mode"] {
  const alone = names.find((name) => name === "none" || name === "host" || containerIn(name) !== undefined);
  if (alone === undefined) return !caller.netAdmin && isUserMode(names) ? "user" : "joined";
  if (names.length === 1) return alone === "none" || alone === "host" ? alone : "container";
  throw refused(`--network ${alone} can't be combined with another network`);
}

/** Root may have networks with these names. */
function isUserMode([name = "", ...others]: readonly string[]): boolean {
  return others.length === 0 && (name === DEFAULT_NETWORK || isUserModeProgram(name));
}

function programOf(mode: NetworkSpec["mode"], [name = ""]: readonly string[]): Pick<NetworkSpec, "program"> {
  return mode === "user" && isUserModeProgram(name) ? { program: name } : {};
}

function dnsOf({ dns = [], dnsSearch = [], dnsOptions = [] }: NetworkRequest): Dns {
  const options = dnsOptions.map(resolverOption);
  return {
    servers: dns.map(serverOf),
    search: dnsSearch.map(domainOf),
    ...(options.length > 0 ? { options } : {}),
  };
}

const OF_RUN = { aliasOption: "--network-alias", command: "run" };

/** `everywhere`: further names on each of its networks; `asked`: by which command, in its words. Throws Failure for what can't be. */
export function attachmentOf(
  { name, aliases, ip, ip6, macAddress }: NamedNetwork,
  everywhere: readonly string[] = [],
  { aliasOption, command } = OF_RUN,
): RequestedAttachment {
  return {
    network: checkedName("network", name),
    aliases: [...everywhere, ...aliases].map((alias) => checkedDnsName(aliasOption, alias, command)),
    ...(ip === undefined ? {} : { ipv4: addressOf("--ip", ip, 4, command) }),
    ...(ip6 === undefined ? {} : { ipv6: addressOf("--ip6", ip6, 6, command) }),
    ...(macAddress === undefined ? {} : { mac: checkedMac(macAddress) }),
  };
}

function addressOf(option: string, text: string, family: 4 | 6, command: string): string {
  const address = parseAddress(text, family);
  if (address) return addressText(address);
  throw refused(`${option} ${text} is not an address of IPv${family}`, command);
}

function checkedMac(text: string): string {
  if (!parseMac(text))
    throw refused(`--mac-address ${text} is not a MAC address of one link, such as 02:42:ac:12:00:09`);
  return text.toLowerCase();
}

function resolverOption(text: string): string {
  if (/^[\w.:-]+$/.test(text)) return text;
  throw refused(`--dns-option ${JSON.stringify(text)} is not a word of resolv.conf(5), such as ndots:2`);
}

function serverOf(text: string): string {
  const address = parseAddress(text);
  if (address) return addressText(address);
  throw refused(`--dns ${text} is not an address`);
}

function domainOf(text: string): string {
  return text === "." ? text : checkedDnsName("--dns-search", text);
}

/** NAME:ADDR or NAME=ADDR; the address may have colons, and be in brackets. */
function hostOf(text: string): HostEntry {
  const [, name = "", written = ""] = /^([^:=]*)[:=](.*)$/.exec(text) ?? [];
  const address = parseAddress(written.replace(/^\[(.*)\]$/, "$1"));
  if (!address && written !== HOST_GATEWAY) throw refused(`--add-host ${text} is not NAME:ADDR`);
  return { address: address ? addressText(address) : HOST_GATEWAY, names: [checkedDnsName("--add-host", name)] };
}

function linkOf(text: string): Link {
  const [to = "", alias = to] = text.replace(/^\//, "").split(/:(.*)/s);
  return { to: checkedName("container", to), alias: checkedDnsName("--link", alias) };
}

function checkedDnsName(option: string, name: string, command?: string): string {
  if (DNS_NAME.test(name)) return name;
  throw refused(`${option}: ${JSON.stringify(name)} can't be a name in the network`, command);
}

function needsNetwork({ publish, aliases, links, ip, ip6, macAddress }: NetworkRequest): boolean {
  return Boolean(publish?.length || aliases?.length || links?.length || (ip ?? ip6 ?? macAddress) !== undefined);
}

const WHY_NOT = {
  none: "nothing but the container itself is on its network",
  host: "its network is this machine's own",
  container: "its network is that of another container, which has to be given it",
  user: "without root, its network is only a way out of it; run tinydocker as root, or use --network host",
} as const;

/** What only makes sense on a network. */
function refuseWithout(
  mode: keyof typeof WHY_NOT,
  name: string,
  { publish, aliases, links, ip, ip6, macAddress, addHosts, dns, dnsSearch, dnsOptions }: NetworkRequest,
): void {
  const isOthers = mode === "container";
  const given = [
    ["-p", publish?.length],
    ["--network-alias", aliases?.length],
    ["--link", links?.length],
    ["--ip", ip !== undefined],
    ["--ip6", ip6 !== undefined],
    ["--mac-address", macAddress !== undefined],
    ["--add-host", isOthers && addHosts?.length],
    ["--dns", isOthers && dns?.length],
    ["--dns-search", isOthers && dnsSearch?.length],
    ["--dns-option", isOthers && dnsOptions?.length],
    [`--add-host NAME:${HOST_GATEWAY}`, mode !== "host" && addHosts?.some((host) => host.endsWith(HOST_GATEWAY))],
  ].find(([, isGiven]) => isGiven);
  if (given) throw refused(`${given[0]} can't be used with --network ${name}: ${WHY_NOT[mode]}`);
}

function joiningNeedsRoot(name: string): Failure {
  return new Failure(`joining the network ${name} needs root, with CAP_NET_ADMIN`, {
    code: "root-required",
    remedy: "use --network bridge, host or none, or run tinydocker as root",
  });
}

function refused(message: string, command = "run"): Failure {
  return new Failure(message, { code: "usage", remedy: `see tinydocker ${command} --help` });
}
