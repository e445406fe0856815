import type { Duplex } from "node:stream";
import ssh2, { type ClientChannel, type ConnectConfig, type ParsedKey } from "ssh2";
import { ConnectionLost, Failure } from "../failure.ts";
import { Deadline } from "./deadline.ts";
import { errnoOf, errnoWords } from "./errno.ts";
import type { Identity, KeyReader, PrivateKey } from "./identities.ts";

/** A connection, with its log-in, may take this long; a person's answer to a question is not counted. */
const CONNECT_DEADLINE_MS = 10_000;
/** Opening one channel over an open connection. */
const OPEN_DEADLINE_MS = 10_000;
/** A connection counts as lost after KEEPALIVES_MISSED_MAX unanswered probes, one each KEEPALIVE_INTERVAL_MS. */
const KEEPALIVE_INTERVAL_MS = 5_000;
const KEEPALIVES_MISSED_MAX = 2;

/** A host key's type is not its signature algorithm: an RSA key signs with SHA-2. Strongest first. */
const HOST_KEY_ALGORITHMS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
] as const;

/** Nothing answers at the address, as far as can be told from here. */
export class Unreachable extends Failure {}

export type SshChannel = ClientChannel;

export interface SshTerminal {
  readonly term: string;
  readonly columns: number;
  readonly rows: number;
}

/** A command run by the login shell. */
export interface SshSession {
  readonly channel: SshChannel;
  /** What the server told of its end, by the time the channel has closed. */
  ended(): { readonly code: number | null; readonly signal: string | undefined } | undefined;
}

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
  const client = new ssh2.Client();
  return new Promise<SshTransport>((resolve, reject) => {
    let state: "connecting" | "open" | "over" = "connecting";
    let why: unknown;
    let offered = false;
    let methods: readonly string[] = [];
    const deadline = new Deadline(CONNECT_DEADLINE_MS, () => fail(timedOut(options)));
    const fail = (error: unknown) => {
      if (state !== "connecting") return;
      state = "over";
      deadline.stop();
      signal.removeEventListener("abort", abort);
      reject(error);
      client.destroy();
    };
    const abort = () => fail(signal.reason);
    signal.addEventListener("abort", abort, { once: true });

    let closed: (reason: Error | undefined) => void = () => {};
    const lossOf = () =>
      new ConnectionLost(`the connection to ${options.where} was lost${reasonOf(why)}`, { cause: why });
    /** ssh2 gives the same errors for what the server refuses and for what a lost connection left unanswered. */
    const guard = <T>(what: string, opening: Promise<T>) =>
      opening.catch((error: unknown) => {
        if (state !== "open" || error instanceof ConnectionLost) throw lossOf();
        throw new Failure(
          `${options.where} refused to open ${what}: ${error instanceof Error ? error.message : String(error)}`,
          {
            remedy: "look at MaxSessions, AllowTcpForwarding and AllowStreamLocalForwarding in its sshd_config",
            cause: error,
          },
        );
      });
    const transport: SshTransport = {
      session: (command, terminal) => guard("a session", openSession(client, command, terminal, options.where)),
      connectUnix: (path) =>
        guard(
          path,
          opened(options.where, (done) => client.openssh_forwardOutStreamLocal(path, done)),
        ),
      connectTcp: (host, port) =>
        guard(
          `${host}:${port}`,
          opened(options.where, (done) => client.forwardOut("127.0.0.1", 0, host, port, done)),
        ),
      closed: new Promise((settle) => {
        closed = settle;
      }),
      close: (reason) => {
        state = "over";
        closed(reason);
        client.end();
      },
    };

    client.on("connect", () => client.setNoDelay(true));
    client.on("ready", () => {
      if (state !== "connecting") return;
      state = "open";
      deadline.stop();
      signal.removeEventListener("abort", abort);
      resolve(transport);
    });
    client.on("error", (error: Error & { level?: string }) => {
      // One key that can't sign is no reason to stop; the next is tried.
      if (state === "connecting" && error.level === "agent") why ??= error;
      else if (error.level === "client-authentication") fail(why ?? refused(options, methods));
      else if (state === "connecting") fail(why ?? connectFailure(options, error));
      else why = error;
    });
    const lost = () => {
      fail(why ?? new Failure(`${options.where} closed the connection during the log-in`, { exitCode: 2 }));
      state = "over";
      closed(lossOf());
    };
    client.on("close", lost);
    // A TCP socket closes after its end; a jump host's channel stays half open, and "close" never comes.
    client.on("end", () => {
      lost();
      client.destroy();
    });
    // ssh2 does not tell a connection that the one it goes through has ended.
    void options.through?.closed.then((error) => {
      why ??= error;
      lost();
    });

    const agent = new OfferedIdentities(options.identities, (work) => deadline.hold(work));
    const config: ConnectConfig = {
      host: options.host,
      port: options.port,
      username: options.user,
      readyTimeout: 0, // Deadline does it: it stands still while a person is asked
      keepaliveInterval: KEEPALIVE_INTERVAL_MS,
      keepaliveCountMax: KEEPALIVES_MISSED_MAX,
      algorithms: { serverHostKey: hostKeyAlgorithms(options.hostKeyTypes) },
      hostVerifier: (key: Buffer, verify: (valid: boolean) => void) => {
        deadline.hold(options.verifyHostKey(key)).then(
          () => verify(true),
          (error: unknown) => {
            why = error;
            verify(false);
          },
        );
      },
      // As OpenSSH: "none" tells which methods the server takes, then the keys in turn.
      authHandler: (left, _partial, next) => {
        if (left) methods = left;
        if (left === null) next({ type: "none", username: options.user });
        else if (!offered && options.identities.length > 0) {
          offered = true;
          next({ type: "agent", username: options.user, agent });
        } else next(false as never); // ssh2 takes false for "no more"; its types don't know
      },
      ...(options.through ? { sock: options.through.channel as NonNullable<ConnectConfig["sock"]> } : {}),
    };
    client.connect(config);
  });
}

/** ssh2's agent interface offers public keys and asks for a signature only where the server would take the key. */
class OfferedIdentities extends ssh2.BaseAgent {
  readonly #identities: readonly Identity[];
  readonly #hold: <T>(work: Promise<T>) => Promise<T>;

  constructor(identities: readonly Identity[], hold: <T>(work: Promise<T>) => Promise<T>) {
    super();
    this.#identities = identities;
    this.#hold = hold;
  }

  override getIdentities(done: (error: Error | undefined, keys?: string[]) => void): void {
    done(
      undefined,
      this.#identities.map(({ publicKey }) => `${keyType(publicKey)} ${publicKey.toString("base64")}`),
    );
  }

  override sign(key: unknown, data: unknown, options: unknown, done?: unknown): void {
    const publicKey = (key as ParsedKey).getPublicSSH();
    const answer = done as (error: Error | undefined, signature?: Buffer) => void;
    const identity = this.#identities.find((candidate) => candidate.publicKey.equals(publicKey));
    const { hash } = options as { readonly hash?: string };
    this.#hold(identity?.sign(data as Buffer, hash) ?? Promise.reject(new Error("no such key"))).then(
      (signature) => answer(undefined, signature),
      (error: unknown) => answer(error instanceof Error ? error : new Error(String(error))),
    );
  }
}

/** The type a public key in SSH's wire format begins with. */
export function keyType(publicKey: Buffer): string {
  return publicKey.subarray(4, 4 + publicKey.readUInt32BE(0)).toString("latin1");
}

export const readKeys: KeyReader = {
  parse(file, passphrase) {
    const parsed = parseKey(file, passphrase);
    if (parsed instanceof Error) {
      if (/no passphrase given|needs a passphrase/i.test(parsed.message)) return "locked";
      return /integrity check failed|bad decrypt|bad passphrase/i.test(parsed.message)
        ? "wrong passphrase"
        : "unusable";
    }
    return parsed.isPrivateKey() ? privateKey(parsed) : { publicKey: parsed.getPublicSSH(), sign: undefined };
  },
  async agentKeys(socketPath) {
    const agent = ssh2.createAgent(socketPath);
    const keys = await new Promise<readonly unknown[]>((resolve, reject) => {
      agent.getIdentities((error, found) => (error ? reject(error) : resolve(found ?? [])));
    });
    return keys.flatMap((found) => {
      const key = parseKey(found as ParsedKey);
      if (key instanceof Error) return [];
      const sign = (data: Buffer, hash: string | undefined) =>
        new Promise<Buffer>((resolve, reject) => {
          agent.sign(key, data, hash ? { hash: hash as "sha256" } : {}, (error, signature) =>
            signature ? resolve(signature) : reject(error ?? new Error("the agent did not sign")),
          );
        });
      return [{ publicKey: key.getPublicSSH(), comment: key.comment, sign }];
    });
  },
};

/** OpenSSH's format comes as an array of one key, against ssh2's own types. */
function parseKey(key: Buffer | ParsedKey, passphrase?: string): ParsedKey | Error {
  const parsed: ParsedKey | Error | readonly ParsedKey[] = ssh2.utils.parseKey(key, passphrase);
  return Array.isArray(parsed) ? (parsed[0] ?? new Error("no key")) : (parsed as ParsedKey | Error);
}

function privateKey(parsed: ParsedKey): PrivateKey {
  return {
    publicKey: parsed.getPublicSSH(),
    async sign(data, hash) {
      const signature: Buffer | Error = parsed.sign(data, hash);
      if (signature instanceof Error) throw signature;
      return signature;
    },
  };
}

function hostKeyAlgorithms(known: readonly string[]): (typeof HOST_KEY_ALGORITHMS)[number][] {
  const isKnown = (algorithm: string) =>
    known.includes(algorithm) || (algorithm.startsWith("rsa-") && known.includes("ssh-rsa"));
  return [...HOST_KEY_ALGORITHMS.filter(isKnown), ...HOST_KEY_ALGORITHMS.filter((name) => !isKnown(name))];
}

async function openSession(
  client: ssh2.Client,
  command: string,
  terminal: SshTerminal | undefined,
  where: string,
): Promise<SshSession> {
  const pty = terminal && { term: terminal.term, cols: terminal.columns, rows: terminal.rows, width: 0, height: 0 };
  let ended: ReturnType<SshSession["ended"]>;
  const channel = await opened<SshChannel>(where, (done) =>
    client.exec(command, pty ? { pty } : {}, (error, opened) => {
      // A short command's end may come in the same packet as its start, before any promise has settled.
      opened?.on("exit", (code: number | null, signal?: string) => {
        ended = { code, signal };
      });
      done(error, opened);
    }),
  );
  return { channel, ended: () => ended };
}

/** A half-open connection never answers, so each open has its own deadline. */
function opened<T extends { destroy(): unknown }>(
  where: string,
  open: (done: (error: Error | undefined, channel: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () =>
      reject(new ConnectionLost(`${where} did not open a channel within ${OPEN_DEADLINE_MS / 1000} s`));
    const timer = setTimeout(late, OPEN_DEADLINE_MS);
    try {
      open((error, channel) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(channel);
      });
    } catch (error) {
      // ssh2 throws "Not connected" at once.
      clearTimeout(timer);
      reject(new ConnectionLost(`the connection to ${where} was lost`, { cause: error }));
    }
  });
}

function timedOut({ where }: SshDial): Unreachable {
  return new Unreachable(`${where} did not answer within ${CONNECT_DEADLINE_MS / 1000} s`, {
    remedy: "check that the machine is up and that no firewall drops the port",
    exitCode: 2,
  });
}

function refused({ where, user, identities }: SshDial, methods: readonly string[]): Failure {
  const tried = identities.map(({ name }) => name).join(", ");
  const keys = tried ? `refused every key offered as ${user} (${tried})` : `wants a key for ${user}, and there is none`;
  return new Unreachable(`${where} ${keys}; it takes ${methods.join(", ") || "nothing else"}`, {
    remedy: `check the user name, and authorize a key there: ssh-copy-id ${user}@${where.replace(/:22$/, "")}`,
    exitCode: 2,
  });
}

function connectFailure({ where, host }: SshDial, error: Error & { level?: string }): Failure {
  const options = { exitCode: 2, cause: error } as const;
  const errno = errnoOf(error);
  switch (errno) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new Unreachable(`can't reach ${where}: no address is known for ${host} (${errno})`, {
        ...options,
        remedy: "check the host's name, or give its HostName in ~/.ssh/config",
      });
    case "ECONNREFUSED":
      return new Unreachable(`${where} refused the connection: nothing listens there (${errno})`, {
        ...options,
        remedy: "check the port, and that sshd runs on it",
      });
    case undefined:
      break;
    default:
      return new Unreachable(`can't reach ${where}: ${errnoWords(errno)}`, {
        ...options,
        remedy: "check that the machine is up and can be reached from here",
      });
  }
  if (/Too many authentication failures/i.test(error.message)) {
    return new Failure(`${where} stopped the log-in after too many keys`, {
      ...options,
      remedy: "name the right key: IdentityFile and IdentitiesOnly yes in ~/.ssh/config",
    });
  }
  if (error.level === "handshake" || error.level === "protocol") {
    return new Failure(`${where} and this client found no common way to talk: ${error.message}`, {
      ...options,
      remedy:
        "check that it is an SSH server; it must allow curve25519-sha256 or another key exchange that is no post-quantum one",
    });
  }
  return new Failure(`can't log in on ${where}: ${error.message}`, options);
}

function reasonOf(why: unknown): string {
  if (!(why instanceof Error)) return "";
  const errno = errnoOf(why);
  return `: ${errno ? errnoWords(errno) : why.message}`;
}
