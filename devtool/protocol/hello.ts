import { PROTOCOL_VERSION, ProtocolError } from "./frame.ts";

/** Facts about the machine and the user that the agent runs on and as. */
export interface HostFacts {
  /** The login user's home directory, or / where it is not there. */
  readonly home: string;
  readonly user: string;
  readonly uid: number;
  /** process.platform, process.arch and process.version there; libc as in npm's --libc. */
  readonly platform: string;
  readonly arch: string;
  readonly libc: "glibc" | "musl";
  /** The newest GLIBCXX of the libstdc++ that Node.js loads there, such as 3.4.30; missing where it has one of its own. */
  readonly libstdcxx?: string;
  readonly node: string;
}

/*
 * What the agent prints on its standard output, one line each: TOKEN, a word, JSON. The client makes a new random token
 * for each start, so no output of a login shell can be mistaken for such a line.
 */

/** The variable that has the login shell's NODE_OPTIONS, which are for the programs, not for the agent's own Node.js. */
export const NODE_OPTIONS_KEPT = "DEVTOOL_NODE_OPTIONS";

/** The agent listens on `socket`, a unix socket path. */
export interface Hello {
  readonly protocol: typeof PROTOCOL_VERSION;
  readonly socket: string;
  readonly facts: HostFacts;
}

/** A second agent, run as root through sudo: the socket it listens on, or why it was not started. */
export type RootHello = { readonly socket: string } | { readonly failed: string };

export const HELLO = "hello";
export const ROOT = "root";
/** Frames of the relay follow instead of lines. */
export const RELAY = "relay";
/** Instead of hello, followed by process.version. */
export const OLD_NODE = "old-node";

export function encodeLine(token: string, word: typeof HELLO | typeof ROOT, body: Hello | RootHello): string {
  return `${token} ${word} ${JSON.stringify(body)}\n`;
}

/** @throws ProtocolError that names the field which is not valid */
export function decodeHello(json: string): Hello {
  const { protocol, socket, facts } = parse(json, "the agent's hello");
  if (protocol !== PROTOCOL_VERSION) {
    throw new ProtocolError(`the agent has protocol version ${JSON.stringify(protocol)}, not ${PROTOCOL_VERSION}`);
  }
  return { protocol, socket: string(socket, "socket"), facts: factsOf(object(facts, "facts")) };
}

/** @throws ProtocolError that names what is not valid */
export function decodeRootHello(json: string): RootHello {
  const { socket, failed } = parse(json, "the root agent's hello");
  return failed === undefined ? { socket: string(socket, "socket") } : { failed: string(failed, "failed") };
}

/** @throws ProtocolError that names the field which is not valid */
export function decodeFacts(json: string): HostFacts {
  return factsOf(parse(json, "the answer"));
}

function factsOf({ home, user, uid, platform, arch, libc, libstdcxx, node }: JsonObject): HostFacts {
  if (typeof uid !== "number") throw new ProtocolError("uid is not a number");
  if (libc !== "glibc" && libc !== "musl") throw new ProtocolError("libc is neither glibc nor musl");
  return {
    home: string(home, "home"),
    user: string(user, "user"),
    uid,
    platform: string(platform, "platform"),
    arch: string(arch, "arch"),
    libc,
    ...(libstdcxx === undefined ? {} : { libstdcxx: string(libstdcxx, "libstdcxx") }),
    node: string(node, "node"),
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parse(json: string, what: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new ProtocolError(`${what} is not valid JSON`);
  }
  return object(value, what);
}

function object(value: unknown, what: string): JsonObject {
  if (typeof value !== "object" || value === null) throw new ProtocolError(`${what} is not an object`);
  return { ...value };
}

function string(value: unknown, field: string): string {
  if (typeof value !== "string") throw new ProtocolError(`${field} is not a string`);
  return value;
}
