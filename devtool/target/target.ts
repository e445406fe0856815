import type { Readable, Writable } from "node:stream";

/** A terminal's size, in character cells. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface ExecOptions {
  /** Absolute path on the target; the login user's home without it. */
  readonly cwd?: string;
  /** Added to the login environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Gives the process a terminal: job control, resize, one merged output stream on `stdout`. */
  readonly tty?: TerminalSize & { readonly term: string };
  /** Runs it as root where the target says `sudo: true`; elsewhere, and without it, as the login user. */
  readonly asRoot?: boolean;
  /** Goes through the login shell instead of the agent: for what must run before the target has Node.js. */
  readonly withoutAgent?: boolean;
  /** Aborting ends the process and everything it started. */
  readonly signal?: AbortSignal;
}

/** How a process ended, as waitpid tells: a code, or the signal that ended it. */
export type ExitStatus =
  | { readonly code: number; readonly signal: null }
  | { readonly code: null; readonly signal: NodeJS.Signals };

export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Settles after both output streams have ended; rejects with ConnectionLost. */
  readonly exited: Promise<ExitStatus>;
  /** Signals the process and what it started (its process group). */
  kill(signal: NodeJS.Signals): void;
  resize(size: TerminalSize): void;
}

/** What the agent found where it runs. */
export interface HostFacts {
  /** The login user's home directory. */
  readonly home: string;
  readonly user: string;
  readonly uid: number;
  /** process.platform, process.arch and process.version there; libc as npm's --libc names it. */
  readonly platform: NodeJS.Platform;
  readonly arch: NodeJS.Architecture;
  readonly libc: "glibc" | "musl";
  readonly node: string;
}

/** One open way to a target. Closing it ends every process started through it. */
export interface Connection {
  /** Starts argv[0], looked up in PATH, with no shell between. Rejects with Failure when it can't be started. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<RemoteProcess>;
  facts(): Promise<HostFacts>;
  /** Settles once the connection is gone: undefined after close(), else why. */
  readonly closed: Promise<Error | undefined>;
  close(): Promise<void>;
}

/** A place with Linux. */
export interface Target {
  readonly name: string;
  readonly kind: "local" | "ssh" | "vagrant";
  connect(signal: AbortSignal): Promise<Connection>;
}
