import type { Duplex, Readable, Writable } from "node:stream";
import type { Endpoint } from "../ports/endpoint.ts";
import type { HostFacts } from "../protocol/hello.ts";
import type { FixedCwd, LostAhead } from "../protocol/messages.ts";

/** Facts about a target. */
export interface TargetFacts extends Omit<HostFacts, "node"> {
  /** The version of its Node.js; null without one that is new enough. */
  readonly node: string | null;
  /** The version of its glibc, such as 2.36, where it is known. */
  readonly glibc?: string;
  /** Absolute path of a folder for what devtool keeps there, the mirrors among it. */
  readonly cache: string;
  /** Whether this connection is the first that keeps something there. */
  readonly isNew?: boolean;
  /** boot_id of proc(5): tells machines apart. */
  readonly boot: string;
}

/** A terminal's size, in character cells. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ExecOptions {
  /** Absolute path on the target; default: the login user's home. */
  readonly cwd?: string;
  /**
   * `start`: it is not started where a link is in the path of `cwd`. `input`: likewise; and through an agent, it gets no more
   * input once that directory is not there any more, and is ended.
   */
  readonly fixedCwd?: FixedCwd;
  /** It ends at the end of its input: an agent that ends closes that, and signals it half a second later. */
  readonly endsByItself?: boolean;
  /** Added to the login environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Runs the process in a terminal: job control, resize, both outputs merged on `stdout`. */
  readonly tty?: TerminalSize & { readonly term: string };
  /** As root, through sudo as the target's SudoUse says; default: as the login user. */
  readonly asRoot?: boolean;
  /** Through the login shell instead of the agent: for what must run before the target has Node.js. */
  readonly withoutAgent?: boolean;
  /** Aborting ends the process and everything it started. */
  readonly signal?: AbortSignal;
}

/** How a process ended, as in waitpid(2): its exit code, or the signal that ended it. */
export type ExitStatus =
  | { readonly code: number; readonly signal: null }
  | { readonly code: null; readonly signal: NodeJS.Signals };

export interface RemoteProcess {
  /** Writing to a process that no longer reads, or has ended, discards the bytes and is not an error. */
  readonly stdin: Writable;
  /**
   * Both end without an error even when the connection is lost, which `exited` reports. A process whose output is not
   * read is blocked by a full pipe once 2 MiB are in flight.
   */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Settles once the process has ended, what is left of its process group has been ended, and the output streams that
   * are being read have been read to their end. Rejects with ConnectionLost.
   */
  readonly exited: Promise<ExitStatus>;
  /** Why what prepare() had got ready for it could not be used, where that is so. */
  readonly lost?: LostAhead | undefined;
  /** Signals the process group: the process and what it started. */
  kill(signal: NodeJS.Signals): void;
  resize(size: TerminalSize): void;
}

/** An open connection to a target. Closing it ends every process started through it. */
export interface Connection {
  /** Starts argv[0], looked up in PATH, without a shell. Rejects with Failure when it can't be started. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<RemoteProcess>;
  /**
   * Gets ready what the next exec() of the same will need, where it can: a Node.js that has started already. What it got
   * ready before is given up.
   */
  prepare?(argv: readonly string[], options?: Omit<ExecOptions, "signal">): Promise<void>;
  /**
   * Runs it in this process's own terminal, with foreground job control; only `local` has this. The other targets have
   * exec's `tty`, which `local` refuses.
   */
  execOnTerminal?(argv: readonly string[], options?: Omit<ExecOptions, "tty" | "withoutAgent">): Promise<ExitStatus>;
  /** Connects to a port or socket of the target's. @throws Failure */
  connectTo(endpoint: Endpoint): Promise<Duplex>;
  /** Listens on a port or socket of the target's, until this connection is closed. @throws Failure */
  listenAt(endpoint: Endpoint, onConnection: (stream: Duplex) => void): Promise<void>;
  facts(): Promise<TargetFacts>;
  /** Settles once the connection is closed: undefined after close(), else why. */
  readonly closed: Promise<Error | undefined>;
  close(): Promise<void>;
}

/** What the configuration says of a target, whatever it is. */
export interface PlaceSettings {
  /** Which machine it is, where that has no id of its own: the same where the configuration has one under two names. */
  readonly machine: string;
  /** The folder for mirrors: absolute, or below ~. */
  readonly mirror?: string | undefined;
  /** Its rsync, where it is not the one in its PATH. */
  readonly rsync?: string | undefined;
  /** Its Node.js, and the shell that is asked for its PATH, likewise: absolute, or below ~. */
  readonly node?: string | undefined;
  readonly shell?: string | undefined;
}

/** A Linux machine to run on. */
export interface Target {
  readonly name: string;
  readonly kind: "local" | "ssh" | "vagrant" | "lima" | "multipass";
  readonly settings?: PlaceSettings;
  /** Whether the program of `run` and `watch` runs as root, where the target's settings say. */
  readonly sudo: boolean | undefined;
  connect(signal: AbortSignal): Promise<Connection>;
}
