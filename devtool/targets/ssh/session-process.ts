import { ConnectionLost, Failure } from "../../failure.ts";
import { isSignal } from "../../protocol/messages.ts";
import { whenTaken } from "../drained.ts";
import { startFailure } from "../errno.ts";
import { forLoginShell, quote, quoteArgv } from "../login-shell/quote.ts";
import { AfterToken, newToken } from "../login-shell/token.ts";
import { noSudo, type SudoUse } from "../sudo.ts";
import type { ExecOptions, ExitStatus, RemoteProcess } from "../target.ts";
import type { SshSession, SshTransport } from "./transport.ts";

/** From the command to its start, a login shell's rc files included. */
const START_DEADLINE_MS = 30_000;
/** Longest command line Linux passes to a shell as one argument (MAX_ARG_STRLEN). */
const COMMAND_BYTES_MAX = 128 * 1024 - 1;
/** After SIGTERM on an abort, before SIGKILL. */
const TERMINATE_GRACE_MS = 5_000;

export type PlainCommand = Pick<ExecOptions, "cwd" | "env" | "tty" | "signal"> & {
  readonly argv: readonly string[];
  readonly sudo: SudoUse;
};

/**
 * Runs one command on an SSH session of its own, by the login shell. What the shell prints before it is dropped.
 * @throws Failure when it can't be started, ConnectionLost when the connection ends before
 */
export async function startPlain(
  transport: SshTransport,
  command: PlainCommand,
  where: string,
): Promise<RemoteProcess> {
  const { signal, tty } = command;
  signal?.throwIfAborted();
  const token = newToken();
  const line = forLoginShell(asUser(command.sudo, startScript(token, command)));
  if (Buffer.byteLength(line) > COMMAND_BYTES_MAX)
    throw new Failure(`the command line for ${where} is too long`, { code: "usage", exitCode: 2 });
  const session = await transport.session(line, tty);
  const { channel } = session;
  let pgid: number | undefined;
  const kill = (name: NodeJS.Signals) => {
    if (pgid === undefined) channel.signal(name.slice("SIG".length));
    else void killGroup(transport, command.sudo, pgid, name).catch(() => channel.signal(name.slice("SIG".length)));
  };
  return await new Promise<RemoteProcess>((resolve, reject) => {
    const timer = setTimeout(
      () => fail(new Failure(`${where} did not start ${command.argv[0]} in time`, { code: "process-not-started" })),
      START_DEADLINE_MS,
    );
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject(error);
      channel.close();
    };
    const stderr = new AfterToken(token, () => {});
    const stdout = new AfterToken(token, (said) => {
      clearTimeout(timer);
      const [word, detail = ""] = said.split(" ");
      if (word === "started") {
        pgid = Number(detail);
        resolve({
          stdin: channel,
          stdout,
          stderr,
          exited,
          kill,
          resize: (size) => channel.setWindow(size.rows, size.columns, 0, 0),
        });
        if (signal?.aborted) stop();
      } else fail(startFailure(command, where, { step: word === "chdir" ? "chdir" : "exec", errno: detail }));
    });
    const stop = () => {
      kill("SIGTERM");
      channel.once("close", () => clearTimeout(late));
      const late = setTimeout(() => {
        kill("SIGKILL");
        channel.close();
      }, TERMINATE_GRACE_MS);
    };
    signal?.addEventListener("abort", stop, { once: true });
    channel.pipe(stdout);
    channel.stderr.pipe(stderr);
    channel.on("error", () => {}); // "close" follows
    const exited = exitOf(session, transport, where).then((status) => whenTaken(status, stdout, stderr));
    exited.catch(() => {}).finally(() => signal?.removeEventListener("abort", stop));
    channel.once("close", () =>
      fail(signal?.aborted ? signal.reason : notStarted(command, where, stdout.noise + stderr.noise)),
    );
    void transport.closed.then((error) => {
      channel.unpipe(stdout);
      channel.stderr.unpipe(stderr);
      stdout.end();
      stderr.end();
      fail(error ?? new ConnectionLost(`the connection to ${where} was closed`));
    });
  });
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
    void transport.closed.then((error) => reject(error ?? new ConnectionLost(`the connection to ${where} was closed`)));
  });
}

/** Says on both streams, behind what rc files print, that the command follows; on stdout with its process group. */
function startScript(token: string, { argv, cwd, env = {}, tty }: PlainCommand): string {
  const [file = ""] = argv;
  const exports = Object.entries(env).map(([name, value]) => {
    if (!/^[A-Za-z_]\w*$/.test(name))
      throw new Failure(`${JSON.stringify(name)} is no name for an environment variable`, { code: "internal" });
    return `export ${name}=${quote(value)}`;
  });
  return [
    `t=${token}`,
    cwd === undefined
      ? "cd"
      : `d=${quote(cwd)}; cd -- "$d" 2>/dev/null || { if [ ! -e "$d" ]; then e=ENOENT; elif [ ! -d "$d" ]; then e=ENOTDIR; else e=EACCES; fi; echo "$t chdir $e"; exit 1; }`,
    ...exports,
    `command -v ${quote(file)} >/dev/null 2>&1 || { echo "$t exec ENOENT"; exit 1; }`,
    "g=$$; if [ -r /proc/$$/stat ]; then read -r _ _ _ _ g _ </proc/$$/stat; fi",
    ...(tty ? [] : ['echo "$t " >&2']),
    'echo "$t started $g"',
    "unset t d e g",
    `exec ${quoteArgv(argv)}`,
  ].join("\n");
}

function asUser(sudo: SudoUse, script: string): string {
  const shell = `/bin/sh -c ${quote(script)}`;
  if (sudo === "never") return `exec ${shell}`;
  const allowed = sudo === "required" ? "" : "&& sudo -n true 2>/dev/null";
  return `if [ "$(id -u)" -ne 0 ] ${allowed}; then exec sudo -n -- ${shell}; else exec ${shell}; fi`;
}

/** sshd would signal as the login user, which root's processes don't heed; so another session does it. */
async function killGroup(transport: SshTransport, sudo: SudoUse, pgid: number, name: NodeJS.Signals): Promise<void> {
  const script = `kill -s ${name.slice("SIG".length)} -- -${pgid}`;
  const { channel } = await transport.session(forLoginShell(asUser(sudo, script)));
  channel.resume();
  channel.stderr.resume();
}

function notStarted({ argv, sudo }: PlainCommand, where: string, noise: string): Failure {
  const last = noise.trim().split("\n").at(-1) ?? "";
  if (sudo === "required" && /^sudo:|sudo: .*not found/m.test(noise)) return noSudo(where, last);
  return new Failure(`${where} did not start ${argv[0]}${last && `: ${last}`}`, { code: "process-not-started" });
}
