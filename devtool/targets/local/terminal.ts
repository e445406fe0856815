import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { Failure } from "../../failure.ts";
import { errnoOf, errnoWords } from "../../process/errno.ts";
import type { Connection, ExecOptions, ExitStatus } from "../target.ts";

/**
 * Runs a command in this process's own terminal, whose signals reach it directly: this process ignores them until the
 * command has ended. `exec` runs the kill for a command of root's. @throws Failure when it can't be started
 */
export async function runOnTerminal(
  argv: readonly string[],
  wanted: Omit<ExecOptions, "tty" | "withoutAgent">,
  throughSudo: boolean,
  where: string,
  exec: Connection["exec"],
): Promise<ExitStatus> {
  const ignore = () => {};
  for (const signal of ["SIGINT", "SIGQUIT"] as const) process.on(signal, ignore);
  try {
    const child = start(argv, wanted, throughSudo);
    const end = () => void (throughSudo ? endAsRoot(child, exec) : child.kill("SIGTERM"));
    wanted.signal?.addEventListener("abort", end, { once: true });
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    wanted.signal?.removeEventListener("abort", end);
    return signal === null ? { code: code ?? 0, signal } : { code: null, signal };
  } catch (error) {
    const errno = errnoOf(error);
    throw new Failure(`can't start ${argv[0]} on ${where}: ${errnoWords(errno ?? String(error))}`, {
      code: errno === "ENOENT" ? "command-not-found" : "process-not-started",
      cause: error,
    });
  } finally {
    for (const signal of ["SIGINT", "SIGQUIT"] as const) process.off(signal, ignore);
  }
}

function start(
  argv: readonly string[],
  { env = {}, cwd = homedir() }: Pick<ExecOptions, "env" | "cwd">,
  throughSudo: boolean,
): ChildProcess {
  // sudo resets the environment, so env(1) sets the variables again after it.
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const [file = "", ...args] = throughSudo ? ["sudo", "-n", "--", "env", ...assignments, ...argv] : argv;
  return spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: "inherit" });
}

/** sudo passes the signal on to what it runs; only root may signal sudo. */
async function endAsRoot(child: ChildProcess, exec: Connection["exec"]): Promise<void> {
  await exec(["kill", "-TERM", String(child.pid)], { asRoot: true }).catch(() => {});
}
