import { Failure } from "../../failure.ts";
import { hostLines, loopbackHosts } from "../../network/hosts-file.ts";
import { type HostEntry, type Networks, networkNamed } from "../../network/network.ts";
import { type Dns, resolvConf } from "../../network/resolv-conf.ts";
import type { NetworkFacts } from "../../plan/host-facts.ts";
import { readIfThere } from "../../resources/network.ts";
import { HOST_GATEWAY, type NetworkSpec } from "../../spec/network.ts";
import type { ContainerSpec } from "../../spec/spec.ts";

/** Only what was asked for. */
export function loopbackFacts({ network: { extraHosts, dns }, ...spec }: ContainerSpec): NetworkFacts {
  const resolver = isAsked(dns) ? { resolvConf: resolvConf(readIfThere("/etc/resolv.conf"), dns) } : {};
  return { hosts: loopbackHosts(spec, extraHosts), ...resolver, links: [] };
}

/** The machine's own names and name servers, and what was asked for. */
export function hostFacts({ network: { extraHosts, dns } }: ContainerSpec): NetworkFacts {
  const own = readIfThere("/etc/resolv.conf");
  const resolver = isAsked(dns) ? resolvConf(own, dns) : own;
  return {
    hosts: `${readIfThere("/etc/hosts")}${hostLines(resolvedHosts(extraHosts, "127.0.0.1"))}`,
    ...(resolver === "" ? {} : { resolvConf: resolver }),
    links: [],
  };
}

function isAsked({ servers, search, options = [] }: Dns): boolean {
  return servers.length + search.length + options.length > 0;
}

function resolvedHosts(hosts: readonly HostEntry[], machine: string): HostEntry[] {
  return hosts.map((host) => (host.address === HOST_GATEWAY ? { ...host, address: machine } : host));
}

/** host-gateway is the address of the first network's bridge. */
export function withMachine(networks: Networks, spec: NetworkSpec): NetworkSpec {
  const [first] = spec.attachments.flatMap(({ network }) => networkNamed(networks, network) ?? []);
  return { ...spec, extraHosts: resolvedHosts(spec.extraHosts, first?.gateway ?? "") };
}

/** systemd-resolved's list of the servers behind it. */
const BEHIND_RESOLVED = "/run/systemd/resolve/resolv.conf";

/** For a container on a network, which can't reach the machine's own loopback. */
export function resolverFor({ network }: ContainerSpec, warn: (warning: Failure) => void): string {
  const texts = ["/etc/resolv.conf", BEHIND_RESOLVED].map((path) => resolvConf(readIfThere(path), network.dns));
  const text = texts.find((one) => /^nameserver /m.test(one));
  if (text !== undefined) return text;
  warn(
    new Failure("this machine has no name server that a container can reach: names outside can't be resolved", {
      code: "network-refused",
      remedy: "name one with --dns ADDRESS",
    }),
  );
  return texts[0] ?? "";
}
