import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { ConnectionLost, Failure } from "../../../failure.ts";
import type { Endpoint } from "../../../ports/endpoint.ts";
import { hostKeyAlgorithms } from "../keys/host-key.ts";
import { Unsigned } from "../keys/key.ts";
import { Banner } from "../log-in/banner.ts";
import { LogIn } from "../log-in/log-in.ts";
import { closedDuringLogin, passwordExpired, refused, tooManyAttempts } from "../log-in/refused.ts";
import { BeyondLibrary } from "../openssh/beyond.ts";
import { ForwardingRefused, isConnectFailure, openChannel, openSession } from "./channel.ts";
import { connectFailure, reasonOf, timedOut } from "./connect-failure.ts";
import { Deadline } from "./deadline.ts";
import type { SshDial } from "./dial.ts";
import { Listener } from "./listen.ts";
import { type AnyAuthMethod, Client, type ConnectConfig } from "./ssh2.ts";
import type { SshChannel, SshSession, SshTerminal, SshTransport } from "./transport.ts";

const SESSION = "a session";
/** For the connection and the handshake, where ConnectTimeout does not say. */
const CONNECT_DEADLINE_MS = 10_000;
/** The same through a ProxyCommand, which may have a connection of its own to make, or a browser to log in with. */
const PROXY_DEADLINE_MS = 120_000;
/** For logging in, without the time that a person takes to answer: as sshd's LoginGraceTime. */
const LOGIN_DEADLINE_MS = 120_000;
/** A connection counts as lost after `countMax` unanswered probes, one every `intervalMs`. */
const KEEPALIVE = { intervalMs: 5_000, countMax: 2 };

/** @throws Failure naming host and port, and the remedy; BeyondLibrary; or the signal's reason */
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
  readonly #deadline: Deadline;
  readonly #banner: Banner;
  readonly #logIn: LogIn;
  #state: State;
  /** The first error, which is why it fails or is lost. */
  #why: unknown;
  #refusesForwarding = false;
  #listener: Listener | undefined;
  #settleClosed: (reason: Error | undefined) => void = () => {};
  readonly closed = new Promise<Error | undefined>((settle) => {
    this.#settleClosed = settle;
  });

  constructor(options: SshDial, { resolve, reject }: Omit<State & { readonly name: "connecting" }, "name">) {
    this.#options = options;
    this.#state = { name: "connecting", resolve, reject };
    const limitMs = connectLimitMs(options);
    this.#deadline = new Deadline(limitMs, () => this.fail(timedOut(options, limitMs)));
    this.#banner = new Banner((line) => options.notice(`${options.where}: ${line}`));
    this.#logIn = new LogIn({
      ...options,
      ask: (prompt, echo) => {
        this.#banner.tell();
        return options.ask(prompt, echo);
      },
      account: `${options.user}@${options.host}`,
      settings: options.logIn,
      pauseDuring: (work) => this.#pauseDuring(work),
      giveUp: (error) => this.fail(error ?? this.#refusal()),
    });
  }

  connect(): void {
    const client = this.#client;
    client.on("connect", () => client.setNoDelay(true));
    client.on("handshake", () => this.#deadline.restart(LOGIN_DEADLINE_MS));
    client.on("banner", (text) => this.#banner.add(text));
    client.on("ready", () => this.#opened());
    client.on("change password", () => this.fail(passwordExpired(this.#options)));
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
    return this.#guard(SESSION, this.#openSession(command, terminal));
  }

  connectUnix(path: string): Promise<Duplex> {
    return this.#guard(
      path,
      openChannel(this.#options.name, (done) => this.#client.openssh_forwardOutStreamLocal(path, done)),
    );
  }

  connectTcp(host: string, port: number): Promise<Duplex> {
    const open = openChannel<SshChannel>(this.#options.name, (done) =>
      this.#client.forwardOut("127.0.0.1", 0, host, port, done),
    );
    return this.#guard(`${host}:${port}`, open);
  }

  async listen(at: Endpoint, onConnection: (stream: Duplex) => void): Promise<void> {
    this.#listener ??= new Listener(this.#client, this.#options.name);
    try {
      await this.#listener.listen(at, onConnection);
    } catch (error) {
      if (this.#state.name !== "open") throw this.#loss();
      throw error;
    }
  }

  close(reason?: Error): void {
    this.#over(reason);
    this.#client.end();
  }

  async #openSession(command: string, terminal: SshTerminal | undefined): Promise<SshSession> {
    const { name, environment, forwardAgent, notice } = this.#options;
    const request = { command, terminal, environment, where: name };
    if (forwardAgent === undefined || this.#refusesForwarding) return await openSession(this.#client, request);
    try {
      return await openSession(this.#client, { ...request, forwardsAgent: true });
    } catch (error) {
      if (!(error instanceof ForwardingRefused)) throw error;
      this.#refusesForwarding = true;
      notice(`${name}: sshd forwards no agent (AllowAgentForwarding), so ForwardAgent has no effect`);
      return await openSession(this.#client, request);
    }
  }

  /** For what is done here, such as to ask for a passphrase. */
  async #pauseDuring<T>(work: Promise<T>): Promise<T> {
    this.#banner.hush();
    try {
      return await this.#deadline.pauseDuring(work);
    } finally {
      if (this.#state.name === "connecting") this.#banner.wait();
    }
  }

  #opened(): void {
    if (this.#state.name !== "connecting") return;
    const { resolve } = this.#state;
    this.#state = { name: "open" };
    this.#deadline.stop();
    this.#banner.hush();
    resolve(this);
  }

  #erred(error: Error & { level?: string }): void {
    const options = this.#options;
    if (error instanceof Unsigned) return; // the login goes on, and knows it
    // When one key can't sign, ssh2 goes on with the next.
    if (error.level === "agent" || this.#state.name !== "connecting") this.#why ??= error;
    else if (/Too many authentication failures/i.test(error.message)) {
      this.fail(tooManyAttempts(options, this.#logIn.story));
    } else if (error.level === "client-authentication") {
      this.fail(this.#why ?? this.#refusal());
    } else if (options.mayHandOver && /no matching/i.test(error.message)) {
      this.fail(this.#why ?? new BeyondLibrary(error.message));
    } else this.fail(this.#why ?? connectFailure(options, error));
  }

  #refusal(): Failure {
    return refused(this.#options, { ...this.#options, ...this.#logIn.story });
  }

  #lost(): void {
    this.fail(this.#why ?? closedDuringLogin(this.#options, this.#banner.last));
    this.#over(this.#loss());
  }

  #over(reason: Error | undefined): void {
    this.#state = { name: "over" };
    this.#deadline.stop();
    this.#banner.hush();
    this.#settleClosed(reason);
  }

  #loss(): ConnectionLost {
    const message = `the connection to ${this.#options.name} was lost${reasonOf(this.#why)}`;
    return new ConnectionLost(message, { cause: this.#why });
  }

  /** ssh2's errors are the same when the server refuses and when the connection was lost before it answered. */
  async #guard<T>(what: string, opening: Promise<T>): Promise<T> {
    try {
      return await opening;
    } catch (error) {
      if (this.#state.name !== "open" || error instanceof ConnectionLost) throw this.#loss();
      if (error instanceof Failure) throw error;
      const problem = error instanceof Error ? error.message : String(error);
      // sshd gives that reason for one session more than MaxSessions too.
      if (isConnectFailure(error) && what !== SESSION) {
        throw new Failure(`nothing accepts a connection to ${what} on ${this.#options.name}`, {
          code: "port-unreachable",
          remedy: "check that the program listens there",
          cause: error,
        });
      }
      throw new Failure(`${this.#options.name} refused to open ${what}: ${problem}`, {
        code: "channel-refused",
        remedy: "check MaxSessions, AllowTcpForwarding and AllowStreamLocalForwarding in its sshd_config",
        cause: error,
      });
    }
  }

  #config(): ConnectConfig {
    const { user, through, hostKeyTypes, forwardAgent, serverAlive = KEEPALIVE } = this.#options;
    return {
      sock: (through?.channel ?? this.#socket()) as NonNullable<ConnectConfig["sock"]>,
      username: user,
      readyTimeout: 0, // Deadline instead, which is paused while a person is asked
      keepaliveInterval: serverAlive.intervalMs,
      keepaliveCountMax: serverAlive.countMax,
      algorithms: { serverHostKey: hostKeyAlgorithms(hostKeyTypes) },
      hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => void this.#verify(key).then(verify),
      authHandler: (left, partial, next) => void this.#nextMethod(left ?? [], partial).then(next),
      ...(forwardAgent === undefined ? {} : { agent: forwardAgent }),
    };
  }

  #socket(): Duplex {
    const { host, port, family, bindAddress } = this.#options;
    return connect({ host, port, family, ...(bindAddress === undefined ? {} : { localAddress: bindAddress }) });
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

  async #nextMethod(left: readonly string[], partial: boolean): Promise<AnyAuthMethod> {
    try {
      const method = await this.#logIn.next({ left, partial: partial === true });
      return method ?? (false as never); // ssh2 accepts false for "no more methods", though its types don't
    } catch (error) {
      this.#why ??= error;
      return false as never;
    }
  }
}

function connectLimitMs({ connectTimeoutMs, through }: SshDial): number {
  return connectTimeoutMs ?? (through?.kind === "proxy command" ? PROXY_DEADLINE_MS : CONNECT_DEADLINE_MS);
}
