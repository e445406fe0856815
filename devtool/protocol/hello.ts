import { PROTOCOL_VERSION, ProtocolError } from "./frame.ts";

/** What the agent found where it runs. */
export interface HostFacts {
  /** The login user's home directory. */
  readonly home: string;
  readonly user: string;
  readonly uid: number;
  /** process.platform, process.arch and process.version there; libc as npm's --libc names it. */
  readonly platform: NodeJS.Platform;
  readonly arch: NodeJS.Architecture;
  readonly libc: "glibc" | "musl";
  readonly node: string;
}

/*
 * What the agent says on its standard output, one line each: TOKEN, a word, JSON. The token is made anew by the client
 * for each start, so what a login shell prints before it can't be mistaken for it.
 */

/** The agent listens on `socket`, a unix socket path. */
export interface Hello {
  readonly protocol: typeof PROTOCOL_VERSION;
  readonly socket: string;
  readonly facts: HostFacts;
}

/** A second agent, run as root through sudo: where it listens, or why there is none. */
export type RootHello = { readonly socket: string } | { readonly failed: string };

export const HELLO = "hello";
export const ROOT = "root";
/** Instead of hello, with process.version. */
export const OLD_NODE = "old-node";

export function encodeLine(token: string, word: typeof HELLO | typeof ROOT, body: Hello | RootHello): string {
  return `${token} ${word} ${JSON.stringify(body)}\n`;
}

/** @throws ProtocolError when it isn't one */
export function decodeHello(json: string): Hello {
  const { protocol, socket, facts } = record(parse(json));
  if (protocol !== PROTOCOL_VERSION) {
    throw new ProtocolError(`the agent speaks protocol version ${String(protocol)}, not ${PROTOCOL_VERSION}`);
  }
  if (typeof socket !== "string") throw new ProtocolError("bad hello: socket");
  return { protocol, socket, facts: decodeFacts(facts) };
}

/** @throws ProtocolError when it isn't one */
export function decodeRootHello(json: string): RootHello {
  const { socket, failed } = record(parse(json));
  if (typeof socket === "string") return { socket };
  if (typeof failed === "string") return { failed };
  throw new ProtocolError("bad root hello");
}

/** @throws ProtocolError when a fact is missing */
export function decodeFacts(value: unknown): HostFacts {
  const { home, user, uid, platform, arch, libc, node } = record(value);
  for (const text of [home, user, platform, arch, node]) {
    if (typeof text !== "string") throw new ProtocolError("bad facts");
  }
  if (typeof uid !== "number") throw new ProtocolError("bad facts: uid");
  if (libc !== "glibc" && libc !== "musl") throw new ProtocolError("bad facts: libc");
  return value as HostFacts;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new ProtocolError("a line of the agent's is no JSON");
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new ProtocolError("a line of the agent's is no object");
  return value as Record<string, unknown>;
}
