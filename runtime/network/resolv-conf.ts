import { contains, parseAddress, parseSubnet } from "./address.ts";

/** What a container is told instead of the machine's own answers; empty: the machine's. */
export interface Dns {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  /** As words of the line `options`. */
  readonly options?: readonly string[];
}

/** resolv.conf(5) for a container, of the machine's and what was asked for. */
export function resolvConf(host: string, asked: Dns): string {
  const servers = asked.servers.length > 0 ? asked.servers : reachableServers(host);
  const search = asked.search.length > 0 ? asked.search : wordsAfter(host, "search", "domain");
  const options = asked.options ?? wordsAfter(host, "options");
  return [
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(search.length > 0 && search[0] !== "." ? [`search ${search.join(" ")}\n`] : []),
    ...(options.length > 0 ? [`options ${options.join(" ")}\n`] : []),
  ].join("");
}

/** A server on the machine's own loopback, such as systemd-resolved's, is not on the container's. */
export function reachableServers(conf: string): string[] {
  return serversIn(conf).filter((server) => !isLoopback(server));
}

export function serversIn(conf: string): string[] {
  return wordsAfter(conf, "nameserver").filter((server) => parseAddress(server) !== undefined);
}

function isLoopback(server: string): boolean {
  const address = parseAddress(server);
  const loopback = [parseSubnet("127.0.0.0/8"), parseSubnet("::1/128")];
  return address !== undefined && loopback.some((subnet) => subnet && contains(subnet, address));
}

function wordsAfter(conf: string, ...keywords: readonly string[]): string[] {
  return conf.split("\n").flatMap((line) => {
    const [keyword = "", ...words] = line.trim().split(/\s+/);
    return keywords.includes(keyword) ? words : [];
  });
}
