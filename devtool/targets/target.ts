import type { Readable, Writable } from "node:stream";
import type { HostFacts } from "../protocol/hello.ts";

export type { HostFacts };

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
  /** As root: through sudo as the target's SudoUse tells. Without it, as the login user. */
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
  /** Writing to a process that reads no more, or is gone, loses the bytes and is no error. */
  readonly stdin: Writable;
  /** Both end without an error also when the connection is lost; `exited` tells. An unread one stops the process at 2 MiB. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Settles after the process ended, whatever of its group it left behind has been ended too, and those of the output
   * streams that are being read have ended. Rejects with ConnectionLost.
   */
  readonly exited: Promise<ExitStatus>;
  /** Signals the process and what it started (its process group). */
  kill(signal: NodeJS.Signals): void;
  resize(size: TerminalSize): void;
}

/** One open way to a target. Closing it ends every process started through it. */
export interface Connection {
  /** Starts argv[0], looked up in PATH, with no shell between. Rejects with Failure when it can't be started. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<RemoteProcess>;
  /**
   * Runs it in this process's own terminal, foreground job control included; only `local` can. Elsewhere the way to a
   * terminal is exec's `tty`, which `local` refuses.
   */
  execOnTerminal?(argv: readonly string[], options?: Omit<ExecOptions, "tty" | "withoutAgent">): Promise<ExitStatus>;
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
