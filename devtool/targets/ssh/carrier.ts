import type { Duplex } from "node:stream";
import { ConnectionLost, Failure } from "../../failure.ts";
import { NoNode, type StartedAgent } from "../agent-client/greeting.ts";
import type { Opener } from "../agent-client/starts.ts";
import { rootSocket, type SudoUse } from "../sudo.ts";
import { isTemporary, type Place } from "./place.ts";
import type { Leftovers } from "./session/leftovers.ts";
import { type AgentOptions, type SshAgent, startAgent, Unstarted } from "./start-agent.ts";
import type { SshTransport } from "./transport/transport.ts";

export interface CarrierOptions extends AgentOptions {
  readonly sudo: SudoUse;
  readonly leftovers: Leftovers;
}

/** How processes are started: each on a connection to the agent, or each on an SSH session of its own. */
export type Carrier = Place &
  (
    | {
        readonly kind: "agent";
        readonly agent: StartedAgent;
        readonly asUser: Opener;
        /** undefined if asRoot runs as the login user. */
        readonly asRoot: Promise<Opener | undefined>;
      }
    | { readonly kind: "session" }
  );

/** The agent where it can be started, else sessions, with a notice. @throws Failure */
export async function chooseCarrier(transport: SshTransport, options: CarrierOptions): Promise<Carrier> {
  const { where, sudo, notice } = options;
  try {
    const agent = await startAgent(transport, sudo !== "never", options);
    tellWhere(agent.place, options);
    return await throughAgent(transport, agent, options);
  } catch (error) {
    if (!(error instanceof Unstarted)) throw error;
    const why = whyNot(error, options);
    if (why !== undefined) notice(`${where}: ${why}, so each command takes longer to start`);
    tellWhere(error.place, options);
    return { kind: "session", ...error.place };
  }
}

/** undefined where the settings name what is not Node.js, which is refused (dev/named-programs.ts). */
function whyNot({ why, message }: Unstarted, { node }: CarrierOptions): string | undefined {
  if (!(why instanceof NoNode)) return `can't start the agent (${message})`;
  if (node === undefined) return message;
  return why.old === "" ? undefined : `\`node\` of its settings, ${node}, is ${why.old}; 20.19 or newer is needed`;
}

function tellWhere({ facts: { cache } }: Place, { where, notice }: CarrierOptions): void {
  if (isTemporary(cache)) notice(`${where}: its home can't be written, so what devtool keeps there is in ${cache}`);
}

/** Each process on a channel of its own, or, where sshd refuses to forward to the agent's socket, on its session. */
async function throughAgent(
  transport: SshTransport,
  agent: SshAgent,
  { where, sudo }: CarrierOptions,
): Promise<Carrier> {
  const first = transport.connectUnix(agent.hello.socket);
  const refusal = await first.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refusal instanceof ConnectionLost) throw refusal;
  const relay = refusal ? await agent.relay() : undefined;
  const connect = (socket: string) => transport.connectUnix(socket).catch((error: unknown) => removed(where, error));
  const to = (socket: string) => async () => relay?.(socket) ?? (await connect(socket));
  const asRoot = rootOpener(agent, sudo, where, to);
  asRoot.catch(() => {}); // reported by each exec that needs it
  const { path, facts } = agent.place;
  const place = { path, facts: { ...facts, ...agent.hello.facts } };
  return {
    kind: "agent",
    ...place,
    agent,
    asUser: openAhead(to(agent.hello.socket), refusal ? undefined : first),
    asRoot,
  };
}

/** As where /tmp is cleaned: only another agent has a socket again. @throws ConnectionLost where it is so, else the error */
function removed(where: string, error: unknown): never {
  if (!(error instanceof Failure) || error.code !== "port-unreachable") throw error;
  throw new ConnectionLost(`the socket of the agent on ${where} was removed`, { cause: error });
}

async function rootOpener(
  agent: StartedAgent,
  sudo: SudoUse,
  where: string,
  to: (socket: string) => Opener,
): Promise<Opener | undefined> {
  const socket = await rootSocket(agent, sudo, where);
  return socket === undefined ? undefined : openAhead(to(socket));
}

/** Keeps one connection open ahead, so that a start does not wait a round trip for it. */
function openAhead(open: Opener, first?: Promise<Duplex>): Opener {
  let next = first;
  return () => {
    const connection = next ?? open();
    next = open();
    next.catch(() => {}); // reported by the exec that uses it
    return connection;
  };
}
