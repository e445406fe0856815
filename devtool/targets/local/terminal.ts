import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { errnoOf } from "../../process/errno.ts";
import { startErrno } from "../../process/start-errno.ts";
import { firstFolder } from "../../process/user.ts";
import { exportLines } from "../login-shell/quote.ts";
import { startFailure } from "../start-failure.ts";
import type { Connection, ExecOptions, ExitStatus } from "../target.ts";

/** The terminal sends these to the command as well. */
const TYPED = ["SIGINT", "SIGQUIT"] as const;
/** These reach this process alone: from kill(1), or from a terminal that is closed, for the leader of its session. */
const SENT = ["SIGTERM", "SIGHUP"] as const;
/** From one of these to SIGKILL. */
const END_GRACE_MS = 5_000;

/**
 * Runs a command in this process's own terminal. `exec` runs the kill for a command of root's. @throws Failure when it can't
 * be started
 */
export async function runOnTerminal(
  argv: readonly string[],
  wanted: Omit<ExecOptions, "tty" | "withoutAgent">,
  throughSudo: boolean,
  where: string,
  exec: Connection["exec"],
): Promise<ExitStatus> {
  const ignore = () => {};
  let pass = (_signal: NodeJS.Signals) => {};
  let variables: string | undefined;
  const onSent = (signal: NodeJS.Signals) => pass(signal);
  for (const signal of TYPED) process.on(signal, ignore);
  for (const signal of SENT) process.on(signal, onSent);
  try {
    if (throughSudo) variables = variablesFile(wanted.env);
    const child = start(argv, wanted, variables);
    const kill = (signal: NodeJS.Signals) => void (throughSudo ? killAsRoot(child, signal, exec) : child.kill(signal));
    pass = (signal) => {
      kill(signal);
      setTimeout(() => kill("SIGKILL"), END_GRACE_MS).unref();
    };
    const end = () => kill("SIGTERM");
    wanted.signal?.addEventListener("abort", end, { once: true });
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    wanted.signal?.removeEventListener("abort", end);
    return signal === null ? { code: code ?? 0, signal } : { code: null, signal };
  } catch (error) {
    const errno = startErrno(errnoOf(error) ?? String(error), argv[0] ?? "", wanted.cwd ?? firstFolder());
    throw startFailure({ argv }, where, { step: "exec", errno });
  } finally {
    if (variables) rmSync(dirname(variables), { recursive: true, force: true });
    for (const signal of TYPED) process.off(signal, ignore);
    for (const signal of SENT) process.off(signal, onSent);
  }
}

/** sudo resets the environment, and logs words: the shell that it starts reads the variables from here. */
function variablesFile(env: ExecOptions["env"] = {}): string {
  const file = join(mkdtempSync(join(tmpdir(), "devtool-")), "variables");
  writeFileSync(file, exportLines(env), { mode: 0o600 });
  return file;
}

const READ_VARIABLES = 'v=$(cat -- "$0") && rm -f -- "$0" && eval "unset v; $v" && exec "$@"';

function start(
  argv: readonly string[],
  { env = {}, cwd = firstFolder() }: Pick<ExecOptions, "env" | "cwd">,
  variables: string | undefined,
): ChildProcess {
  const sudo = variables ? ["sudo", "-n", "--", "sh", "-c", READ_VARIABLES, variables] : [];
  const [file = "", ...args] = [...sudo, ...argv];
  return spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: "inherit" });
}

/** sudo passes the signal on to what it runs; only root may signal sudo. */
async function killAsRoot(child: ChildProcess, signal: NodeJS.Signals, exec: Connection["exec"]): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await exec(["kill", `-${signal.slice(3)}`, String(child.pid)], { asRoot: true }).catch(() => {});
}
