import { ConnectionLost, Failure } from "../../../failure.ts";
import type { Client } from "./ssh2.ts";
import type { SshChannel, SshSession, SshTerminal } from "./transport.ts";

/** Opening one channel over an open connection. */
const OPEN_DEADLINE_MS = 30_000;

export interface SessionRequest {
  readonly command: string;
  readonly terminal: SshTerminal | undefined;
  /** What ssh would send: the server takes what its AcceptEnv names. */
  readonly environment: Readonly<Record<string, string>>;
  readonly where: string;
  readonly forwardsAgent?: true;
}

export class ForwardingRefused extends Error {}

/** Runs a command line through the login shell. @throws ForwardingRefused */
export async function openSession(
  client: InstanceType<typeof Client>,
  { command, terminal, environment, where, forwardsAgent }: SessionRequest,
): Promise<SshSession> {
  const pty = terminal && {
    term: environment["TERM"] ?? terminal.term,
    cols: terminal.columns,
    rows: terminal.rows,
    width: 0,
    height: 0,
  };
  let ended: ReturnType<SshSession["ended"]>;
  const options = { env: environment, ...(pty ? { pty } : {}), ...(forwardsAgent ? { agentForward: true } : {}) };
  const channel = await openChannel<SshChannel>(where, (done) =>
    client.exec(command, options, (error, opened) => {
      // A short command's end may come in the same packet as its start, before any promise has settled.
      opened?.on("exit", (code: number | null, signal?: string) => {
        ended = { code, signal };
      });
      done(refusalOf(error, where), opened);
    }),
  );
  return { channel, ended: () => ended };
}

function refusalOf(error: Error | undefined, where: string): Error | undefined {
  switch (error?.message) {
    case "Unable to request agent forwarding":
      return new ForwardingRefused();
    case "Unable to request a pseudo-terminal":
      return new Failure(`${where} gives the command no terminal`, {
        code: "process-not-started",
        remedy:
          "allow one (PermitTTY in its sshd_config, no-pty in authorized_keys), or run it without: devtool … | cat",
        cause: error,
      });
    default:
      return error;
  }
}

/** SSH_OPEN_CONNECT_FAILED of RFC 4254: the host would forward, but what it connects to does not answer. */
const CONNECT_FAILED = 2;

export function isConnectFailure(error: unknown): boolean {
  return error instanceof Error && "reason" in error && error.reason === CONNECT_FAILED;
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
