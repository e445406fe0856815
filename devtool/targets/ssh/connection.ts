import type { Duplex } from "node:stream";
import { ConnectionLost } from "../../failure.ts";
import type { Endpoint } from "../../ports/endpoint.ts";
import type { StartedAgent } from "../agent-client/greeting.ts";
import { commandOf, type Opener, Starts } from "../agent-client/starts.ts";
import type { Connection, ExecOptions, RemoteProcess, TargetFacts } from "../target.ts";
import { type Carrier, type CarrierOptions, chooseCarrier } from "./carrier.ts";
import { startOnSession } from "./session/process.ts";
import type { SshTransport } from "./transport/transport.ts";

/** Starts the agent at once; exec() waits for it. */
export function sshConnection(transport: SshTransport, options: CarrierOptions): Connection {
  return new SshConnection(transport, options);
}

/** starting ──carrier chosen──▶ open ──close()──▶ closing; also starting ──close()──▶ closing */
type State =
  | { readonly name: "starting" }
  | { readonly name: "open"; readonly agent: StartedAgent | undefined }
  | { readonly name: "closing" };

/** proc_net_unix: the eighth field is the path of a socket that is open. */
const REMOVE_STALE = `[ -S "$1" ] || exit 1
while read -r _ _ _ _ _ _ _ at; do [ "$at" != "$1" ] || exit 1; done </proc/net/unix && rm -- "$1"`;

class SshConnection implements Connection {
  readonly #transport: SshTransport;
  readonly #options: CarrierOptions;
  readonly #carrier: Promise<Carrier>;
  readonly #starts: Starts;
  /** What the connection before has left running has ended. */
  readonly #cleared: Promise<void>;
  #state: State = { name: "starting" };
  /**
   * Aborted by close(). sshd ends no process when its session closes, so those without the agent are ended from here.
   */
  readonly #closing = new AbortController();
  /** Processes on sessions; each settles when it has ended. */
  readonly #onSessions = new Set<Promise<unknown>>();
  readonly closed: Promise<Error | undefined>;

  constructor(transport: SshTransport, options: CarrierOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#starts = new Starts(options.where);
    this.closed = transport.closed;
    this.#cleared = options.leftovers.end(transport);
    this.#carrier = chooseCarrier(transport, options);
    this.#carrier.then(
      (carrier) => this.#opened(carrier),
      () => {}, // reported by each exec that needs it
    );
  }

  async exec(argv: readonly string[], wanted: ExecOptions = {}): Promise<RemoteProcess> {
    wanted.signal?.throwIfAborted();
    if (wanted.tty || wanted.withoutAgent) return await this.#execOnSession(argv, wanted);
    const carrier = await this.#carrier;
    if (carrier.kind === "session") return await this.#execOnSession(argv, wanted);
    const open = await opener(carrier, wanted);
    wanted.signal?.throwIfAborted();
    return await this.#starts.start(open, commandOf(argv, wanted, carrier.facts.home), wanted.signal);
  }

  async prepare(argv: readonly string[], wanted: ExecOptions): Promise<void> {
    const carrier = await this.#carrier;
    if (carrier.kind === "session" || wanted.tty || this.#state.name !== "open") return;
    this.#starts.prepare(await opener(carrier, wanted), commandOf(argv, wanted, carrier.facts.home));
  }

  async connectTo(endpoint: Endpoint): Promise<Duplex> {
    if (endpoint.kind === "socket") return await this.#transport.connectUnix(endpoint.path);
    return await this.#transport.connectTcp(endpoint.host, endpoint.port);
  }

  async listenAt(endpoint: Endpoint, onConnection: (stream: Duplex) => void): Promise<void> {
    try {
      await this.#transport.listen(endpoint, onConnection);
    } catch (error) {
      if (endpoint.kind !== "socket" || !(await this.#removeStale(endpoint.path))) throw error;
      await this.#transport.listen(endpoint, onConnection);
    }
  }

  /** sshd leaves its sockets behind. Returns whether there was one that nobody listens on. */
  async #removeStale(path: string): Promise<boolean> {
    const other = await this.#transport.connectUnix(path).catch(() => undefined);
    other?.destroy();
    if (other) return false;
    const { stdin, stdout, stderr, exited } = await this.exec(["sh", "-c", REMOVE_STALE, "sh", path]);
    stdin.end();
    for (const output of [stdout, stderr]) output.resume();
    return (await exited).code === 0;
  }

  async facts(): Promise<TargetFacts> {
    return (await this.#carrier).facts;
  }

  async close(): Promise<void> {
    const agent = this.#state.name === "open" ? this.#state.agent : undefined;
    this.#state = { name: "closing" };
    this.#closing.abort();
    agent?.end();
    await Promise.race([Promise.all([...this.#onSessions, agent?.ended]), this.closed]);
    this.#transport.close();
    await this.closed;
  }

  #opened(carrier: Carrier): void {
    if (carrier.kind === "agent") void carrier.agent.ended.then(() => this.#agentEnded());
    if (this.#state.name !== "starting") return;
    this.#state = { name: "open", agent: carrier.kind === "agent" ? carrier.agent : undefined };
  }

  /** Without its agent the connection can't be used any more; its user has to connect again. */
  #agentEnded(): void {
    const lost = new ConnectionLost(`the agent on ${this.#options.where} ended`);
    this.#transport.close(this.#state.name === "closing" ? undefined : lost);
  }

  /** As the agent's processes have it; what runs without the agent does not wait for it. */
  async #path({ withoutAgent }: ExecOptions): Promise<{ readonly PATH?: string }> {
    if (withoutAgent) return {};
    const carrier = await this.#carrier.catch(() => undefined);
    return carrier ? { PATH: carrier.path } : {};
  }

  async #execOnSession(argv: readonly string[], { asRoot, ...rest }: ExecOptions): Promise<RemoteProcess> {
    const { where, sudo, leftovers } = this.#options;
    const signal = rest.signal ? AbortSignal.any([rest.signal, this.#closing.signal]) : this.#closing.signal;
    const env = { ...(await this.#path(rest)), ...rest.env };
    const command = { ...rest, env, signal, argv, sudo: asRoot ? sudo : "never" } as const;
    await this.#cleared;
    const started = await startOnSession(this.#transport, command, where, leftovers);
    const ended = started.exited.catch(() => {}).finally(() => this.#onSessions.delete(ended));
    this.#onSessions.add(ended);
    return started;
  }
}

async function opener(carrier: Carrier & { readonly kind: "agent" }, { asRoot }: ExecOptions): Promise<Opener> {
  return (asRoot && (await carrier.asRoot)) || carrier.asUser;
}
