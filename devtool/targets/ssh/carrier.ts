import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { ConnectionLost, Failure } from "../../failure.ts";
import { decodeFacts, type HostFacts } from "../../protocol/hello.ts";
import { NoAgent, type StartedAgent } from "../agent-client/greeting.ts";
import { rootSocket, type SudoUse } from "../sudo.ts";
import { startOnSession } from "./session/process.ts";
import { type AgentOptions, startAgent } from "./start-agent.ts";
import type { SshTransport } from "./transport/transport.ts";

export interface CarrierOptions extends AgentOptions {
  readonly sudo: SudoUse;
  readonly notice: (text: string) => void;
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
    const carrier = await throughAgent(transport, agent, options);
    if (carrier) return carrier;
    agent.end();
    notice(
      `${where}: sshd forwards no unix sockets (AllowStreamLocalForwarding), so each command takes longer to start`,
    );
    return { kind: "session", facts: agent.hello.facts };
  } catch (error) {
    if (!(error instanceof NoAgent)) throw error;
    notice(`${where}: can't start the agent (${error.message}), so each command takes longer to start`);
    return { kind: "session", facts: await factsOnSession(transport, where) };
  }
}

/** Returns undefined where sshd refuses to forward to the agent's socket. */
async function throughAgent(
  transport: SshTransport,
  agent: StartedAgent,
  { where, sudo }: CarrierOptions,
): Promise<Carrier | undefined> {
  const open = () => transport.connectUnix(agent.hello.socket);
  const first = open();
  try {
    await first;
  } catch (error) {
    if (error instanceof ConnectionLost) throw error;
    return undefined;
  }
  const asRoot = rootOpener(transport, agent, sudo, where);
  asRoot.catch(() => {}); // reported by each exec that needs it
  return { kind: "agent", agent, asUser: openAhead(open, first), asRoot };
}

async function rootOpener(
  transport: SshTransport,
  agent: StartedAgent,
  sudo: SudoUse,
  where: string,
): Promise<Opener | undefined> {
  const socket = await rootSocket(agent, sudo, where);
  return socket === undefined ? undefined : openAhead(() => transport.connectUnix(socket));
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
