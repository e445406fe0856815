import { ConnectionLost } from "../../failure.ts";
import type { Client, ClientChannel } from "./ssh2.ts";

/** Opening one channel over an open connection. */
const OPEN_DEADLINE_MS = 30_000;

export type SshChannel = ClientChannel;

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

/** Runs a command line through the login shell. */
export async function openSession(
  client: InstanceType<typeof Client>,
  command: string,
  terminal: SshTerminal | undefined,
  where: string,
): Promise<SshSession> {
  const pty = terminal && { term: terminal.term, cols: terminal.columns, rows: terminal.rows, width: 0, height: 0 };
  let ended: ReturnType<SshSession["ended"]>;
  const channel = await openChannel<SshChannel>(where, (done) =>
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

/** @throws ConnectionLost after a deadline: over a half-open connection no answer ever comes */
export function openChannel<T>(
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
