import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { ConnectionLost, Failure } from "../../failure.ts";
import { decodeFacts, type HostFacts } from "../../protocol/hello.ts";
import { NoAgent, type StartedAgent } from "../agent-client/greeting.ts";
import { rootSocket, type SudoUse } from "../sudo.ts";
import { startOnSession } from "./session/process.ts";
import { type AgentOptions, type SshAgent, startAgent } from "./start-agent.ts";
import type { SshTransport } from "./transport/transport.ts";

export interface CarrierOptions extends AgentOptions {
  readonly sudo: SudoUse;
}

/** How processes are started: each on a connection to the agent, or each on an SSH session of its own. */
export type Carrier =
  | {
      readonly kind: "agent";
      readonly agent: StartedAgent;
      readonly asUser: Opener;
      /** undefined if asRoot runs as the login user. */
      readonly asRoot: Promise<Opener | undefined>;
    }
  | { readonly kind: "session"; readonly facts: HostFacts };

/** Opens a connection to the agent. */
export type Opener = () => Promise<Duplex>;

/**
 * The agent where it can be started and reached, else sessions, with a notice. @throws Failure without a usable Node.js
 */
export async function chooseCarrier(transport: SshTransport, options: CarrierOptions): Promise<Carrier> {
  const { where, sudo, notice } = options;
  try {
    const agent = await startAgent(transport, sudo !== "never", options);
    return await throughAgent(transport, agent, options);
  } catch (error) {
    if (!(error instanceof NoAgent)) throw error;
    notice(`${where}: can't start the agent (${error.message}), so each command takes longer to start`);
    return { kind: "session", facts: await factsOnSession(transport, where) };
  }
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
  const to = (socket: string) => async () => relay?.(socket) ?? (await transport.connectUnix(socket));
  const asRoot = rootOpener(agent, sudo, where, to);
  asRoot.catch(() => {}); // reported by each exec that needs it
  return { kind: "agent", agent, asUser: openAhead(to(agent.hello.socket), refusal ? undefined : first), asRoot };
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

const FACTS_SCRIPT = `const os = require("os"), { username: user, uid } = os.userInfo(), { platform, arch, version: node } = process;
const libc = require("fs").readFileSync("/proc/self/maps", "latin1").includes("/ld-musl-") ? "musl" : "glibc";
console.log(JSON.stringify({ home: os.homedir(), user, uid, platform, arch, libc, node }))`;

/** What the agent's hello would have reported. */
async function factsOnSession(transport: SshTransport, where: string): Promise<HostFacts> {
  const process = await startOnSession(transport, { argv: ["node", "-e", FACTS_SCRIPT], sudo: "never" }, where);
  const [answer, errors] = await Promise.all([text(process.stdout), text(process.stderr)]);
  try {
    return decodeFacts(answer);
  } catch (error) {
    const why = errors.trim().split("\n").at(-1) || (error instanceof Error ? error.message : String(error));
    throw new Failure(`can't get facts about ${where} from its Node.js: ${why}`, {
      code: "agent-failed",
      remedy: `run it there: ssh ${where} node --version`,
      exitCode: 2,
      cause: error,
    });
  }
}
