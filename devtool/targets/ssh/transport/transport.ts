import type { Duplex, Readable } from "node:stream";
import type { Endpoint } from "../../../ports/endpoint.ts";

/** An SSH connection that has logged in. */
export interface SshTransport {
  /** Runs a command line through the login shell. */
  session(command: string, terminal?: SshTerminal): Promise<SshSession>;
  /** Connects to a unix socket of the host's; rejects where sshd_config has AllowStreamLocalForwarding no. */
  connectUnix(path: string): Promise<Duplex>;
  connectTcp(host: string, port: number): Promise<Duplex>;
  /** Listens on the host until the connection ends. */
  listen(at: Endpoint, onConnection: (stream: Duplex) => void): Promise<void>;
  /** Resolves to the reason given to close(), else to why the connection was lost. */
  readonly closed: Promise<Error | undefined>;
  close(reason?: Error): void;
}

export interface SshTerminal {
  readonly term: string;
  readonly columns: number;
  readonly rows: number;
}

/** A command that runs through the login shell. */
export interface SshSession {
  readonly channel: SshChannel;
  /** How the server reported its end; known by the time the channel has closed. */
  ended(): { readonly code: number | null; readonly signal: string | undefined } | undefined;
}

/** The command's stdin and stdout. */
export interface SshChannel extends Duplex {
  readonly stderr: Readable;
  /** `name` without SIG. */
  signal(name: string): void;
  /** Missing where the size can't be sent with the channel. */
  setWindow?(rows: number, columns: number, height: number, width: number): void;
  close(): void;
}

/** What carries a connection in place of a TCP connection: a jump host's channel, or a ProxyCommand. */
export interface Carriage {
  readonly channel: Duplex;
  /** Resolves to why it ended, before the channel reports its end. */
  readonly closed: Promise<Error | undefined>;
}
