import type { Duplex } from "node:stream";
import { ConnectionLost, Failure } from "../../failure.ts";
import { openChannel, openSession, type SshChannel, type SshSession, type SshTerminal } from "./channel.ts";
import { connectFailure, reasonOf, refused, timedOut } from "./connect-failure.ts";
import { Deadline } from "./deadline.ts";
import { hostKeyAlgorithms } from "./keys/host-key.ts";
import type { Identity } from "./keys/identities.ts";
import { OfferedIdentities } from "./keys/reader.ts";
import { Client, type ConnectConfig, type NextAuthHandler } from "./ssh2.ts";

/** A connection, with its log-in, may take this long; a person's answer to a question is not counted. */
const CONNECT_DEADLINE_MS = 10_000;
/** A connection counts as lost after KEEPALIVES_MISSED_MAX unanswered probes, one each KEEPALIVE_INTERVAL_MS. */
const KEEPALIVE_INTERVAL_MS = 5_000;
const KEEPALIVES_MISSED_MAX = 2;

/** One SSH connection, logged in. */
export interface SshTransport {
  /** Runs a command line by the login shell. */
  session(command: string, terminal?: SshTerminal): Promise<SshSession>;
  /** Connects to a unix socket there; rejects where sshd_config has AllowStreamLocalForwarding no. */
  connectUnix(path: string): Promise<Duplex>;
  connectTcp(host: string, port: number): Promise<Duplex>;
  /** What close() was given, else why it was lost. */
  readonly closed: Promise<Error | undefined>;
  close(reason?: Error): void;
}

export interface SshDial {
  /** As a person would write it, for messages: `host:port`. */
  readonly where: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Instead of a TCP connection to host:port: a channel of a jump host, and when that host's connection ends. */
  readonly through?: { readonly channel: Duplex; readonly closed: SshTransport["closed"] };
  /** Key types known_hosts has for this host; they are asked for first, or a known host would look changed. */
  readonly hostKeyTypes: readonly string[];
  /** Rejects with the Failure that says why not. */
  verifyHostKey(key: Buffer): Promise<void>;
  readonly identities: readonly Identity[];
}

/** @throws Failure naming host and port, and the remedy; or the signal's reason */
export function dial(options: SshDial, signal: AbortSignal): Promise<SshTransport> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const connection = new SshClientConnection(options, { resolve, reject });
    const abort = () => connection.fail(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    void connection.closed.then(() => signal.removeEventListener("abort", abort));
    connection.connect();
  });
}

/*
 * connecting ──logged in──▶ open ──close(), or the connection ends──▶ over
 *      └──────────────refused, aborted, timed out─────────────────────┘
 */
type State =
  | {
      readonly name: "connecting";
      readonly resolve: (connection: SshTransport) => void;
      readonly reject: (error: unknown) => void;
    }
  | { readonly name: "open" }
  | { readonly name: "over" };

class SshClientConnection implements SshTransport {
  readonly #options: SshDial;
  readonly #client = new Client();
  readonly #deadline = new Deadline(CONNECT_DEADLINE_MS, () => this.fail(timedOut(this.#options, CONNECT_DEADLINE_MS)));
  #state: State;
  /** What is known of why it failed or was lost. */
  #why: unknown;
  /** Log-in methods the server says it takes. */
  #methods: readonly string[] = [];
  #offered = false;
  #settleClosed: (reason: Error | undefined) => void = () => {};
  readonly closed = new Promise<Error | undefined>((settle) => {
    this.#settleClosed = settle;
  });

  constructor(options: SshDial, { resolve, reject }: Omit<State & { readonly name: "connecting" }, "name">) {
    this.#options = options;
    this.#state = { name: "connecting", resolve, reject };
  }

  connect(): void {
    const client = this.#client;
    client.on("connect", () => client.setNoDelay(true));
    client.on("ready", () => this.#opened());
    client.on("error", (error: Error & { level?: string }) => this.#erred(error));
    client.on("close", () => this.#lost());
    // A TCP socket closes after its end; a jump host's channel stays half open, and "close" never comes.
    client.on("end", () => {
      this.#lost();
      client.destroy();
    });
    // ssh2 does not tell a connection that the one it goes through has ended.
    void this.#options.through?.closed.then((error) => {
      this.#why ??= error;
      this.#lost();
    });
    client.connect(this.#config());
  }

  /** Gives up connecting. */
  fail(error: unknown): void {
    if (this.#state.name !== "connecting") return;
    const { reject } = this.#state;
    this.#over(undefined);
    reject(error);
    this.#client.destroy();
  }

  session(command: string, terminal?: SshTerminal): Promise<SshSession> {
    return this.#guard("a session", openSession(this.#client, command, terminal, this.#options.where));
  }

  connectUnix(path: string): Promise<Duplex> {
    const { where } = this.#options;
    return this.#guard(
      path,
      openChannel(where, (done) => this.#client.openssh_forwardOutStreamLocal(path, done)),
    );
  }

  connectTcp(host: string, port: number): Promise<Duplex> {
    const open = openChannel<SshChannel>(this.#options.where, (done) =>
      this.#client.forwardOut("127.0.0.1", 0, host, port, done),
    );
    return this.#guard(`${host}:${port}`, open);
  }

  close(reason?: Error): void {
    this.#over(reason);
    this.#client.end();
  }

  #opened(): void {
    if (this.#state.name !== "connecting") return;
    const { resolve } = this.#state;
    this.#state = { name: "open" };
    this.#deadline.stop();
    resolve(this);
  }

  #erred(error: Error & { level?: string }): void {
    const options = this.#options;
    // One key that can't sign is no reason to stop: the next is tried.
    if (error.level === "agent" || this.#state.name !== "connecting") this.#why ??= error;
    else if (error.level === "client-authentication") {
      const keys = options.identities.map(({ name }) => name);
      this.fail(this.#why ?? refused(options, keys, this.#methods));
    } else this.fail(this.#why ?? connectFailure(options, error));
  }

  #lost(): void {
    const { where } = this.#options;
    this.fail(
      this.#why ??
        new Failure(`${where} closed the connection during the log-in`, { code: "login-refused", exitCode: 2 }),
    );
    this.#over(this.#loss());
  }

  #over(reason: Error | undefined): void {
    this.#state = { name: "over" };
    this.#deadline.stop();
    this.#settleClosed(reason);
  }

  #loss(): ConnectionLost {
    const message = `the connection to ${this.#options.where} was lost${reasonOf(this.#why)}`;
    return new ConnectionLost(message, { cause: this.#why });
  }

  /** ssh2 gives the same errors for what the server refuses and for what a lost connection left unanswered. */
  async #guard<T>(what: string, opening: Promise<T>): Promise<T> {
    try {
      return await opening;
    } catch (error) {
      if (this.#state.name !== "open" || error instanceof ConnectionLost) throw this.#loss();
      const said = error instanceof Error ? error.message : String(error);
      throw new Failure(`${this.#options.where} refused to open ${what}: ${said}`, {
        code: "channel-refused",
        remedy: "look at MaxSessions, AllowTcpForwarding and AllowStreamLocalForwarding in its sshd_config",
        cause: error,
      });
    }
  }

  #config(): ConnectConfig {
    const { host, port, user, through, hostKeyTypes } = this.#options;
    return {
      host,
      port,
      username: user,
      readyTimeout: 0, // Deadline does it: it stands still while a person is asked
      keepaliveInterval: KEEPALIVE_INTERVAL_MS,
      keepaliveCountMax: KEEPALIVES_MISSED_MAX,
      algorithms: { serverHostKey: hostKeyAlgorithms(hostKeyTypes) },
      hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => void this.#verify(key).then(verify),
      authHandler: (left, _partial, next) => this.#nextLogIn(left, next),
      ...(through ? { sock: through.channel as NonNullable<ConnectConfig["sock"]> } : {}),
    };
  }

  async #verify(key: Buffer): Promise<boolean> {
    try {
      await this.#deadline.hold(this.#options.verifyHostKey(key));
      return true;
    } catch (error) {
      this.#why = error;
      return false;
    }
  }

  /** As OpenSSH: "none" tells which methods the server takes, then the keys in turn. */
  #nextLogIn(left: readonly string[] | null, next: NextAuthHandler): void {
    const { user: username, identities } = this.#options;
    if (left) this.#methods = left;
    if (left === null) next({ type: "none", username });
    else if (!this.#offered && identities.length > 0) {
      this.#offered = true;
      const agent = new OfferedIdentities(identities, (work) => this.#deadline.hold(work));
      next({ type: "agent", username, agent });
    } else next(false as never); // ssh2 takes false for "no more"; its types don't know
  }
}
