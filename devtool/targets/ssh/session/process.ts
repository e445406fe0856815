import { ConnectionLost, Failure } from "../../../failure.ts";
import { isSignal } from "../../../protocol/messages.ts";
import { whenDrained } from "../../drained.ts";
import { AfterToken, type Next, newToken } from "../../login-shell/token.ts";
import { startFailure } from "../../start-failure.ts";
import { noSudo } from "../../sudo.ts";
import type { ExitStatus, RemoteProcess, TerminalSize } from "../../target.ts";

import type { SshSession, SshTransport } from "../transport/transport.ts";
import type { Leftovers } from "./leftovers.ts";
import { environmentLine, killLine, resizeLine, type SessionCommand, startLine } from "./script.ts";

/** From the command to its start, a login shell's rc files included. */
const START_DEADLINE_MS = 300_000;
/** After SIGTERM on an abort, before SIGKILL. */
const TERMINATE_GRACE_MS = 5_000;

/**
 * Runs one command on an SSH session of its own, through the login shell. What the shell prints before it is dropped.
 * @throws Failure when it can't be started, ConnectionLost when the connection ends before
 */
export async function startOnSession(
  transport: SshTransport,
  command: SessionCommand,
  where: string,
  leftovers: Leftovers,
): Promise<RemoteProcess> {
  command.signal?.throwIfAborted();
  const token = newToken();
  const environment = environmentLine(command);
  const session = await transport.session(startLine(token, command, where), command.tty);
  return await new Promise((resolve, reject) => {
    new SessionProcess(
      transport,
      session,
      { token, command, environment, where, leftovers },
      { resolve, reject },
    ).listen();
  });
}

/*
 * starting ──"started"──▶ running ──the channel or the connection closes──▶ over
 *     └──"chdir", "exec", the deadline, the channel or the connection closes──┘
 */
type State =
  | {
      readonly name: "starting";
      readonly resolve: (process: RemoteProcess) => void;
      readonly reject: (error: unknown) => void;
      readonly timer: NodeJS.Timeout;
    }
  | { readonly name: "running"; readonly pgid: number; readonly since: string }
  | { readonly name: "over" };

interface Start {
  readonly token: string;
  readonly command: SessionCommand;
  readonly environment: string;
  readonly where: string;
  readonly leftovers: Leftovers;
}

class SessionProcess implements RemoteProcess {
  readonly #transport: SshTransport;
  readonly #channel: SshSession["channel"];
  readonly #command: SessionCommand;
  readonly #where: string;
  readonly #leftovers: Leftovers;
  readonly stdin: SshSession["channel"];
  readonly stdout: AfterToken;
  readonly stderr: AfterToken;
  readonly exited: Promise<ExitStatus>;
  #state: State;
  #killTimer: NodeJS.Timeout | undefined;

  constructor(
    transport: SshTransport,
    session: SshSession,
    { token, command, environment, where, leftovers }: Start,
    { resolve, reject }: Pick<State & { readonly name: "starting" }, "resolve" | "reject">,
  ) {
    this.#transport = transport;
    this.#channel = session.channel;
    this.#command = command;
    this.#where = where;
    this.#leftovers = leftovers;
    const late = () => this.#fail(this.#notStarted(`no answer within ${START_DEADLINE_MS / 1000} s`));
    this.#state = { name: "starting", resolve, reject, timer: setTimeout(late, START_DEADLINE_MS) };
    this.stdin = session.channel;
    this.stdout = new AfterToken(token, (line) => this.#answer(line, environment));
    this.stderr = new AfterToken(token);
    this.exited = exitOf(session, transport, where).then((status) => whenDrained(status, this.stdout, this.stderr));
  }

  listen(): void {
    const { signal } = this.#command;
    this.#channel.pipe(this.stdout);
    this.#channel.stderr.pipe(this.stderr);
    this.#channel.on("error", () => {}); // "close" follows
    this.#channel.once("close", () => this.#closed());
    void this.#transport.closed.then((error) => this.#disconnected(error));
    signal?.addEventListener("abort", this.#stop, { once: true });
    this.exited.catch(() => {}).finally(() => signal?.removeEventListener("abort", this.#stop));
  }

  kill(signal: NodeJS.Signals): void {
    const bySshd = () => void this.#channel.signal(signal.slice("SIG".length));
    if (this.#state.name === "starting") bySshd();
    else if (this.#state.name === "running") void this.#killGroup(this.#state.pgid, signal).catch(bySshd);
  }

  resize(size: TerminalSize): void {
    if (this.#channel.setWindow) this.#channel.setWindow(size.rows, size.columns, 0, 0);
    else if (this.#state.name === "running") {
      const line = resizeLine(this.#command.sudo, this.#state.pgid, size);
      void this.#onSession(line).catch(() => {}); // the old size remains
    }
  }

  #answer(line: string, environment: string): Next {
    if (line !== "environment") {
      this.#begin(line);
      return "pass on";
    }
    this.#channel.write(environment);
    return "look for another line";
  }

  #begin(line: string): void {
    const state = this.#state;
    if (state.name !== "starting") return;
    const [word, detail = "", since = ""] = line.split(" ");
    const pgid = Number(detail);
    if (word === "chdir" || word === "exec") {
      this.#fail(startFailure(this.#command, this.#where, { step: word, errno: detail }));
    } else if (word === "started" && Number.isSafeInteger(pgid) && pgid > 1) {
      clearTimeout(state.timer);
      this.#state = { name: "running", pgid, since };
      state.resolve(this);
      if (this.#command.signal?.aborted) this.#stop();
    } else this.#fail(this.#notStarted(`its shell reported ${JSON.stringify(line)}`));
  }

  readonly #stop = (): void => {
    this.kill("SIGTERM");
    clearTimeout(this.#killTimer);
    if (this.#state.name === "over") return;
    this.#killTimer = setTimeout(() => {
      this.kill("SIGKILL");
      this.#channel.close();
    }, TERMINATE_GRACE_MS);
  };

  /** sshd would signal as the login user, who may not signal root's processes; so another session does it. */
  async #killGroup(pgid: number, signal: NodeJS.Signals): Promise<void> {
    await this.#onSession(killLine(this.#command.sudo, pgid, signal));
  }

  async #onSession(line: string): Promise<void> {
    const { channel } = await this.#transport.session(line);
    channel.resume();
    channel.stderr.resume();
  }

  #closed(): void {
    clearTimeout(this.#killTimer);
    const { signal } = this.#command;
    this.#fail(signal?.aborted ? signal.reason : this.#noStart());
    this.#state = { name: "over" };
  }

  #disconnected(error: Error | undefined): void {
    this.#channel.unpipe(this.stdout);
    this.#channel.stderr.unpipe(this.stderr);
    this.stdout.end();
    this.stderr.end();
    this.#fail(error ?? connectionClosed(this.#where));
    if (error && this.#state.name === "running") this.#leftovers.add({ ...this.#state, sudo: this.#command.sudo });
    this.#state = { name: "over" };
    this.#channel.close();
  }

  #fail(error: unknown): void {
    if (this.#state.name !== "starting") return;
    const { reject, timer } = this.#state;
    clearTimeout(timer);
    this.#state = { name: "over" };
    reject(error);
    this.#channel.close();
  }

  /** Why the channel closed without a start: the last line of what the shell or sudo printed. */
  #noStart(): Failure {
    const noise = this.stdout.noise + this.stderr.noise;
    const last = noise.trim().split("\n").at(-1) ?? "";
    const bySudo = this.#command.sudo === "required" && /^sudo:|sudo: .*not found/m.test(noise);
    return bySudo ? noSudo(this.#where, last) : this.#notStarted(last);
  }

  #notStarted(why: string): Failure {
    return new Failure(`${this.#where} did not start ${this.#command.argv[0]}${why && `: ${why}`}`, {
      code: "process-not-started",
      remedy: "check that the login shell there runs a command, as in: ssh HOST true; its start-up files may end it",
    });
  }
}

function exitOf({ channel, ended }: SshSession, transport: SshTransport, where: string): Promise<ExitStatus> {
  return new Promise((resolve, reject) => {
    channel.on("close", () => {
      const end = ended();
      if (!end) reject(new ConnectionLost(`${where} closed the session of a process before it ended`));
      else if (end.code !== null) resolve({ code: end.code, signal: null });
      // sshd has no names for the rarer signals.
      else resolve(isSignal(end.signal) ? { code: null, signal: end.signal } : { code: 255, signal: null });
    });
    void transport.closed.then((error) => reject(error ?? connectionClosed(where)));
  });
}

function connectionClosed(where: string): ConnectionLost {
  return new ConnectionLost(`the connection to ${where} was closed`);
}
