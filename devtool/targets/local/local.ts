import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ConnectionLost, Failure } from "../../failure.ts";
import { connectHere } from "../../ports/connect.ts";
import type { Endpoint } from "../../ports/endpoint.ts";
import { listenHere } from "../../ports/listen.ts";
import { errnoOf, errnoWords } from "../../process/errno.ts";
import { homeFolder } from "../../process/user.ts";
import { agentFile } from "../agent-client/agent-file.ts";
import type { StartedAgent } from "../agent-client/greeting.ts";
import { commandOf, type Opener, Starts } from "../agent-client/starts.ts";
import { rootSocket, type SudoUse, sudoUse } from "../sudo.ts";
import type { Connection, ExecOptions, ExitStatus, RemoteProcess, Target, TargetFacts } from "../target.ts";
import { startAgent } from "./start-agent.ts";
import { runOnTerminal } from "./terminal.ts";

const WHERE = "this machine";

/** This machine, through the same agent without SSH. */
export function localTarget(name: string, options: { readonly sudo: boolean | undefined }): Target {
  const sudo = process.getuid?.() === 0 ? "never" : sudoUse(options.sudo);
  return {
    name,
    kind: "local",
    sudo: options.sudo,
    connect: async (signal) => {
      if (process.platform !== "linux") {
        throw new Failure("this machine does not run Linux, so it can't be the target", {
          code: "platform-unsupported",
          remedy: "use the virtual machine (devtool up) or --target [user@]host",
          exitCode: 2,
        });
      }
      const { path } = await agentFile();
      signal.throwIfAborted();
      return await localConnection(path, sudo);
    },
  };
}

/** Through the agent at `agentPath`. */
export async function localConnection(agentPath: string, sudo: SudoUse): Promise<Connection> {
  return new LocalConnection(await startAgent(agentPath, sudo !== "never", WHERE), sudo);
}

class LocalConnection implements Connection {
  readonly #agent: StartedAgent;
  /** undefined if asRoot runs as this user. */
  readonly #rootSocket: Promise<string | undefined>;
  readonly #asUser: Opener = () => open(this.#agent.hello.socket);
  readonly #asRoot: Opener = async () => open((await this.#rootSocket) ?? this.#agent.hello.socket);
  readonly #starts = new Starts(WHERE);
  #state: "open" | "closing" = "open";
  readonly closed: Promise<Error | undefined>;

  constructor(agent: StartedAgent, sudo: SudoUse) {
    this.#agent = agent;
    this.#rootSocket = rootSocket(agent, sudo, WHERE);
    this.#rootSocket.catch(() => {}); // reported by each exec that needs it
    this.closed = agent.ended.then(() =>
      this.#state === "closing" ? undefined : new ConnectionLost(`the agent on ${WHERE} ended`),
    );
  }

  async exec(argv: readonly string[], wanted: ExecOptions = {}): Promise<RemoteProcess> {
    wanted.signal?.throwIfAborted();
    if (wanted.tty) throw new TypeError("a local process uses this process's own terminal: call execOnTerminal");
    const open = await this.#opener(wanted);
    return await this.#starts.start(open, commandOf(argv, wanted, this.#agent.hello.facts.home), wanted.signal);
  }

  async prepare(argv: readonly string[], wanted: ExecOptions): Promise<void> {
    const open = await this.#opener(wanted);
    if (this.#state === "open") this.#starts.prepare(open, commandOf(argv, wanted, this.#agent.hello.facts.home));
  }

  async #opener({ asRoot }: ExecOptions): Promise<Opener> {
    return asRoot && (await this.#rootSocket) ? this.#asRoot : this.#asUser;
  }

  async execOnTerminal(
    argv: readonly string[],
    wanted: Omit<ExecOptions, "tty" | "withoutAgent"> = {},
  ): Promise<ExitStatus> {
    const throughSudo = wanted.asRoot === true && (await this.#rootSocket) !== undefined;
    wanted.signal?.throwIfAborted();
    return await runOnTerminal(argv, wanted, throughSudo, WHERE, (kill, options) => this.exec(kill, options));
  }

  async connectTo(endpoint: Endpoint): Promise<Duplex> {
    return await connectHere(endpoint);
  }

  async listenAt(endpoint: Endpoint, onConnection: (stream: Duplex) => void): Promise<void> {
    const servers = await listenHere(endpoint, onConnection);
    void this.closed.then(() => {
      for (const server of servers) server.close();
    });
  }

  async facts(): Promise<TargetFacts> {
    const { facts } = this.#agent.hello;
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    return { ...facts, cache: `${homeFolder()}/.cache/devtool`, boot };
  }

  async close(): Promise<void> {
    this.#state = "closing";
    this.#agent.end();
    await this.closed;
  }
}

async function open(path: string): Promise<Socket> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return socket;
  } catch (error) {
    const why = errnoWords(errnoOf(error) ?? String(error));
    throw new ConnectionLost(`can't reach the agent on ${WHERE}: ${why}`, { cause: error });
  }
}
