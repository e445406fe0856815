import { Failure } from "../failure.ts";
import { DEFAULT_NETWORK, type HostEntry, type PublishedPort } from "../network/network.ts";
import { publishedPorts } from "../network/publish.ts";
import type { Dns } from "../network/resolv-conf.ts";

/** What a caller asks for, in the words of docker's options. */
export interface NetworkRequest {
  /** none, host, or names of networks. Default: bridge; none without root. */
  readonly names?: readonly string[] | undefined;
  /** [ADDR:]PORT[-PORT]:PORT[-PORT][/tcp|/udp] each. */
  readonly publish?: readonly string[] | undefined;
}

/** The network of a container. */
export interface NetworkSpec {
  /** none: only its own loopback. host: the machine's own. joined: `attachments`. */
  readonly mode: "none" | "host" | "joined";
  readonly attachments: readonly RequestedAttachment[];
  readonly ports: readonly PublishedPort[];
  readonly dns: Dns;
  readonly extraHosts: readonly HostEntry[];
}

/** A network to join; an address that is absent is chosen. */
export interface RequestedAttachment {
  readonly network: string;
  readonly aliases: readonly string[];
  readonly ipv4?: string;
  readonly ipv6?: string;
}

/** Completes and checks the request. Throws Failure for what can't be. */
export function networkOf(request: NetworkRequest, caller: { readonly netAdmin: boolean }): NetworkSpec {
  const names = request.names?.length ? request.names : [caller.netAdmin ? DEFAULT_NETWORK : "none"];
  const mode = modeOf(names);
  const ports = publishedPorts(request.publish ?? []);
  if (mode !== "joined" && ports.length > 0) throw nothingToPublish(mode);
  if (mode === "joined" && !caller.netAdmin) throw joiningNeedsRoot(names[0] ?? "");
  return {
    mode,
    attachments: mode === "joined" ? names.map((network) => ({ network, aliases: [] })) : [],
    ports,
    dns: { servers: [], search: [] },
    extraHosts: [],
  };
}

function modeOf(names: readonly string[]): NetworkSpec["mode"] {
  const alone = names.find((name) => name === "none" || name === "host");
  if (alone === undefined) return "joined";
  if (names.length === 1) return alone === "none" ? "none" : "host";
  throw new Failure(`--network ${alone} can't be combined with another network`, { code: "usage" });
}

function nothingToPublish(mode: "none" | "host"): Failure {
  const why =
    mode === "host" ? "its ports are this machine's own already" : "nothing but the container itself reaches its ports";
  return new Failure(`-p can't be used with --network ${mode}: ${why}`, { code: "usage" });
}

function joiningNeedsRoot(name: string): Failure {
  return new Failure(`joining the network ${name} needs root`, {
    code: "root-required",
    remedy: "use --network none or host, or run tinydocker as root",
  });
}
