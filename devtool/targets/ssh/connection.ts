import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { ConnectionLost } from "../../failure.ts";
import type { HostFacts, RootHello } from "../../protocol/hello.ts";
import { decodeFacts } from "../../protocol/hello.ts";
import type { AgentFile } from "../agent-client/file.ts";
import { startThroughAgent } from "../agent-client/process.ts";
import { NoAgent, type StartedAgent, startAgent } from "../agent-client/start.ts";
import { noSudo, type SudoUse } from "../sudo.ts";
import type { Connection, ExecOptions, RemoteProcess } from "../target.ts";
import { startPlain } from "./session-process.ts";
import type { SshTransport } from "./transport.ts";

export interface SshConnectionOptions {
  readonly where: string;
  readonly agent: AgentFile;
  /** Names this client to the target, so that an agent of its own from before a cut connection is ended. */
  readonly client: string;
  readonly sudo: SudoUse;
  readonly notice: (text: string) => void;
}

/** How processes are started: each on a connection to the agent, or each on an SSH session of its own. */
type Carrier =
  | {
      readonly kind: "agent";
      readonly agent: StartedAgent;
      readonly asUser: Opener;
      /** undefined: the login user is to do it. */
      readonly asRoot: Promise<Opener | undefined>;
    }
  | { readonly kind: "plain"; readonly facts: HostFacts };

type Opener = () => Promise<Duplex>;

/** Begins to start the agent at once; an exec waits for it. */
export function sshConnection(transport: SshTransport, options: SshConnectionOptions): Connection {
  const { where, sudo } = options;
  // sshd ends no process when its session goes, so those without the agent are ended by us.
  const closing = new AbortController();
  const starting = startCarrier(transport, options);
  let agent: StartedAgent | undefined;
  starting.then(
    (carrier) => {
      if (carrier.kind !== "agent") return;
      agent = carrier.agent;
      // Without its agent the connection is of no more use; whoever needs it connects anew.
      void agent.ended.then(() =>
        transport.close(closing.signal.aborted ? undefined : new ConnectionLost(`the agent on ${where} ended`)),
      );
    },
    () => {}, // reported by each exec that needs it
  );
  const plain = new Set<Promise<unknown>>();

  const execPlain = async (argv: readonly string[], { asRoot, ...rest }: ExecOptions): Promise<RemoteProcess> => {
    const signal = rest.signal ? AbortSignal.any([rest.signal, closing.signal]) : closing.signal;
    const started = await startPlain(transport, { ...rest, signal, argv, sudo: asRoot ? sudo : "never" }, where);
    const ended = started.exited.catch(() => {}).finally(() => plain.delete(ended));
    plain.add(ended);
    return started;
  };

  const exec = async (argv: readonly string[], wanted: ExecOptions): Promise<RemoteProcess> => {
    wanted.signal?.throwIfAborted();
    if (wanted.tty || wanted.withoutAgent) return await execPlain(argv, wanted);
    const carrier = await starting;
    if (carrier.kind === "plain") return await execPlain(argv, wanted);
    const open = (wanted.asRoot && (await carrier.asRoot)) || carrier.asUser;
    wanted.signal?.throwIfAborted();
    const command = { argv, cwd: wanted.cwd ?? carrier.agent.hello.facts.home, env: wanted.env ?? {} };
    return await startThroughAgent(await open(), command, where, wanted.signal);
  };

  return {
    exec: (argv, wanted = {}) => exec(argv, wanted),
    facts: async () => {
      const carrier = await starting;
      return carrier.kind === "agent" ? carrier.agent.hello.facts : carrier.facts;
    },
    closed: transport.closed,
    close: async () => {
      closing.abort();
      agent?.end();
      await Promise.race([Promise.all([...plain, agent?.ended]), transport.closed]);
      transport.close();
      await transport.closed;
    },
  };
}

/** @throws Failure where there is no Node.js that runs the agent */
async function startCarrier(transport: SshTransport, options: SshConnectionOptions): Promise<Carrier> {
  const { where, sudo, notice } = options;
  try {
    const agent = await startAgent(transport, options.agent, options.client, sudo !== "never", where);
    const first = transport.connectUnix(agent.hello.socket);
    const refusal = await first.then(
      () => undefined,
      (error: unknown) => error,
    );
    if (refusal instanceof ConnectionLost) throw refusal;
    if (refusal === undefined) {
      const asUser = openAhead(() => transport.connectUnix(agent.hello.socket), first);
      const asRoot = rootOpener(transport, agent, sudo, where);
      asRoot.catch(() => {}); // reported by each exec that needs it
      return { kind: "agent", agent, asUser, asRoot };
    }
    agent.end();
    notice(
      `${where}: sshd forwards no unix sockets (AllowStreamLocalForwarding), so each command takes longer to start`,
    );
    return { kind: "plain", facts: agent.hello.facts };
  } catch (error) {
    if (!(error instanceof NoAgent)) throw error;
    notice(`${where}: can't start the agent (${error.message}), so each command takes longer to start`);
    return { kind: "plain", facts: await plainFacts(transport, where) };
  }
}

async function rootOpener(
  transport: SshTransport,
  agent: StartedAgent,
  sudo: SudoUse,
  where: string,
): Promise<Opener | undefined> {
  if (sudo === "never" || agent.hello.facts.uid === 0) return undefined;
  const root: RootHello = await agent.root;
  if ("socket" in root) return openAhead(() => transport.connectUnix(root.socket));
  if (sudo === "required") throw noSudo(where, root.failed);
  return undefined;
}

/** Keeps one connection open ahead, so that a start does not wait a round trip for it. */
function openAhead(open: Opener, first?: Promise<Duplex>): Opener {
  let next = first;
  return () => {
    const taken = next ?? open();
    next = open();
    next.catch(() => {}); // reported when it is taken
    return taken;
  };
}

async function plainFacts(transport: SshTransport, where: string): Promise<HostFacts> {
  const script = `const os = require("os"), { username: user, uid } = os.userInfo(), { platform, arch, version: node } = process;
const libc = require("fs").readFileSync("/proc/self/maps", "latin1").includes("/ld-musl-") ? "musl" : "glibc";
console.log(JSON.stringify({ home: os.homedir(), user, uid, platform, arch, libc, node }))`;
  const process = await startPlain(transport, { argv: ["node", "-e", script], sudo: "never" }, where);
  process.stderr.resume();
  return decodeFacts(JSON.parse(await text(process.stdout)));
}
