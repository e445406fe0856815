import { Failure } from "../failure.ts";
import { type Endpoint, endpointText } from "./endpoint.ts";

/** A port or socket that is listened on, and the one on the other side that its connections go to. */
export interface Mapping {
  readonly listen: Endpoint;
  readonly to: Endpoint;
  /** Whether what listens there answers at once, as a debugger's server does. */
  readonly answersAtOnce?: boolean;
}

/** In place of a port to forward: those that a container of the command publishes. */
export const PUBLISHED = "published";

const PORT_MAX = 65_535;

/**
 * `[ADDRESS:]PORT[:[HOST:]PORT]`, as ssh's -L and -R have it; a socket's absolute path may stand for either. Without the
 * second part, the other side's is the same. Without an address or a host it is `localhost`; `*` is every address.
 * @throws Failure that names `where` it is written
 */
export function parseMapping(written: string, where: string): Mapping {
  const words = wordsOf(written);
  const listen = take(words);
  const to = words.length === 0 ? sameOn(listen) : take(words);
  if (!listen || !to || words.length > 0) throw invalid(written, where);
  return { listen, to };
}

/** `localhost:8080:localhost:80` */
export function mappingText({ listen, to }: Mapping): string {
  return `${endpointText(listen)}:${endpointText(to)}`;
}

/** @throws Failure, exit code 2, where two listen on the same port or socket */
export function refuseRepeated(mappings: readonly Mapping[]): void {
  for (const [index, mapping] of mappings.entries()) {
    const other = mappings.slice(0, index).find(({ listen }) => collide(listen, mapping.listen));
    if (other === undefined) continue;
    throw new Failure(
      `${mappingText(other)} and ${mappingText(mapping)} can't both be forwarded: both listen on ${endpointText(mapping.listen)}`,
      {
        code: "usage",
        remedy: "leave one out, or forward another port: OTHER:PORT",
        exitCode: 2,
      },
    );
  }
}

/** Whether a connection to `to`, on the same machine, is one to what the mapping listens on. */
export function listensOn({ listen }: Mapping, to: Endpoint): boolean {
  return collide(listen, to);
}

const LOOPBACK = ["127.0.0.1", "::1"];

function collide(one: Endpoint, other: Endpoint): boolean {
  if (one.kind === "socket" || other.kind === "socket") return endpointText(one) === endpointText(other);
  const hosts = [one.host, other.host];
  const isSame =
    one.host === other.host ||
    covers(one.host, other.host) ||
    covers(other.host, one.host) ||
    (hosts.includes("localhost") && hosts.some((host) => LOOPBACK.includes(host)));
  return one.port === other.port && isSame;
}

/** Whether what listens on the one, which may be every address, is where connections to the other go. */
function covers(host: string, other: string): boolean {
  return host === "*" || host === "::" || (host === "0.0.0.0" && !other.includes(":"));
}

/** At colons, but for those of an IPv6 address in brackets. */
function wordsOf(written: string): string[] {
  return (written.match(/\[[^\]]*\]|[^:]+|(?<=^|:)(?=:|$)/g) ?? []).map((word) => word.replace(/^\[(.*)\]$/, "$1"));
}

function take(words: string[]): Endpoint | undefined {
  const word = words.shift();
  if (word === undefined) return undefined;
  if (isPath(word)) return { kind: "socket", path: word };
  const port = portOf(word);
  if (port !== undefined) return { kind: "tcp", host: "localhost", port };
  const after = portOf(words.shift());
  return after === undefined || !mayBeHost(word) ? undefined : { kind: "tcp", host: word, port: after };
}

/** A number, or two, is meant as a port, though systems take some for an address: 0 for every one. */
function mayBeHost(word: string): boolean {
  return word !== "" && !word.includes("/") && word !== PUBLISHED && !/^\d+(-\d+)?$/.test(word);
}

/** Windows has named pipes in place of sockets. */
function isPath(word: string): boolean {
  return word.startsWith("/") || word.startsWith("\\\\");
}

/** Undefined unless it is the number of one. */
export function portOf(word = ""): number | undefined {
  const port = /^[0-9]+$/.test(word) ? Number(word) : 0;
  return port >= 1 && port <= PORT_MAX ? port : undefined;
}

function sameOn(listen: Endpoint | undefined): Endpoint | undefined {
  return listen?.kind === "tcp" ? { ...listen, host: "localhost" } : listen;
}

function invalid(written: string, where: string): Failure {
  return new Failure(`${where} is not valid: ${JSON.stringify(written)}`, {
    code: where.startsWith("--") ? "usage" : "config-invalid",
    remedy:
      "write PORT, PORT:PORT, ADDRESS:PORT:PORT or PORT:HOST:PORT; the absolute path of a socket may stand for a port",
    exitCode: 2,
  });
}
