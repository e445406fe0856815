import type { Duplex } from "node:stream";
import { ConnectionLost, Failure } from "../../failure.ts";
import { openChannel, openSession, type SshChannel, type SshSession, type SshTerminal } from "./channel.ts";
import { connectFailure, reasonOf, refused, timedOut } from "./connect-failure.ts";
import { Deadline } from "./deadline.ts";
import { hostKeyAlgorithms } from "./keys/host-key.ts";
import type { Identity } from "./keys/identities.ts";
import { OfferedIdentities } from "./keys/reader.ts";
import { Client, type ConnectConfig, type NextAuthHandler } from "./ssh2.ts";

/** For connecting and logging in, without the time that a person takes to answer a question. */
const CONNECT_DEADLINE_MS = 10_000;
/** A connection counts as lost after KEEPALIVES_MISSED_MAX unanswered probes, one every KEEPALIVE_INTERVAL_MS. */
const KEEPALIVE_INTERVAL_MS = 5_000;
const KEEPALIVES_MISSED_MAX = 2;

/** An SSH connection that has logged in. */
export interface SshTransport {
  /** Runs a command line through the login shell. */
  session(command: string, terminal?: SshTerminal): Promise<SshSession>;
  /** Connects to a unix socket of the host's; rejects where sshd_config has AllowStreamLocalForwarding no. */
  connectUnix(path: string): Promise<Duplex>;
  connectTcp(host: string, port: number): Promise<Duplex>;
  /** Resolves to the reason given to close(), else to why the connection was lost. */
  readonly closed: Promise<Error | undefined>;
  close(reason?: Error): void;
}

export interface SshDial {
  /** `host:port`, for messages. */
  readonly where: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Instead of a TCP connection to host:port: a jump host's channel to it, and when that host's connection closes. */
  readonly through?: { readonly channel: Duplex; readonly closed: SshTransport["closed"] };
  /**
   * Key types in known_hosts for this host. They are asked for first: with another type a known host would look
   * changed.
   */
  readonly hostKeyTypes: readonly string[];
  /** Rejects with a Failure when the key is not to be trusted. */
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
  /** The first error, which is why it fails or is lost. */
  #why: unknown;
  /** Authentication methods that the server offers. */
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
    // A TCP socket closes after its end. A jump host's channel stays half open, and "close" is never emitted.
    client.on("end", () => {
      this.#lost();
      client.destroy();
    });
    // ssh2 does not notice when the connection that this one goes through ends.
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
    // When one key can't sign, ssh2 goes on with the next.
    if (error.level === "agent" || this.#state.name !== "connecting") this.#why ??= error;
    else if (error.level === "client-authentication") {
      const keys = options.identities.map(({ name }) => name);
      this.fail(this.#why ?? refused(options, keys, this.#methods));
    } else this.fail(this.#why ?? connectFailure(options, error));
  }

  #lost(): void {
    const { where } = this.#options;
    this.fail(
      this.#why ?? new Failure(`${where} closed the connection during login`, { code: "login-refused", exitCode: 2 }),
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

  /** ssh2's errors are the same when the server refuses and when the connection was lost before it answered. */
  async #guard<T>(what: string, opening: Promise<T>): Promise<T> {
    try {
      return await opening;
    } catch (error) {
      if (this.#state.name !== "open" || error instanceof ConnectionLost) throw this.#loss();
      const problem = error instanceof Error ? error.message : String(error);
      throw new Failure(`${this.#options.where} refused to open ${what}: ${problem}`, {
        code: "channel-refused",
        remedy: "check MaxSessions, AllowTcpForwarding and AllowStreamLocalForwarding in its sshd_config",
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
      readyTimeout: 0, // Deadline instead, which is paused while a person is asked
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
      await this.#deadline.pauseDuring(this.#options.verifyHostKey(key));
      return true;
    } catch (error) {
      this.#why = error;
      return false;
    }
  }

  /** Like OpenSSH: "none" first, whose refusal lists the methods that the server offers, then each key in turn. */
  #nextLogIn(left: readonly string[] | null, next: NextAuthHandler): void {
    const { user: username, identities } = this.#options;
    if (left) this.#methods = left;
    if (left === null) next({ type: "none", username });
    else if (!this.#offered && identities.length > 0) {
      this.#offered = true;
      const agent = new OfferedIdentities(identities, (work) => this.#deadline.pauseDuring(work));
      next({ type: "agent", username, agent });
    } else next(false as never); // ssh2 accepts false for "no more methods", though its types don't
  }
}
