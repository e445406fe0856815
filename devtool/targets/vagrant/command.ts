import { spawn } from "node:child_process";
import { once } from "node:events";
import { Failure } from "../../failure.ts";
import { eachLine } from "../../process/lines.ts";
import type { ExitStatus } from "../target.ts";
import { forgetSshConfig } from "./state.ts";

/**
 * Runs vagrant in the project's folder and in this process's environment, on its terminal unless `onLine` takes what it prints.
 * @throws Failure when it is not installed
 */
export async function runVagrant(
  args: readonly string[],
  projectRoot: string,
  onLine?: (line: string) => void,
): Promise<ExitStatus> {
  const output = onLine ? "pipe" : "inherit";
  const child = spawn("vagrant", args, { cwd: projectRoot, stdio: ["inherit", output, output] });
  const lines = [child.stdout, child.stderr].map((stream) => stream && onLine && eachLine(stream, onLine));
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    await Promise.all(lines);
    return signal === null ? { code: code ?? 1, signal } : { code: null, signal };
  } catch (error) {
    throw vagrantFailure(error);
  } finally {
    await forgetSshConfig(projectRoot);
  }
}

/** `vagrant ssh-config`'s output. @throws Failure when it reports none, as for a machine that is not running */
export async function askSshConfig(projectRoot: string, machine: string | undefined): Promise<string> {
  const args = machine === undefined ? ["ssh-config"] : ["ssh-config", machine];
  const child = spawn("vagrant", args, { cwd: projectRoot, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const [code] = await once(child, "close").catch((error: unknown) => {
    throw vagrantFailure(error);
  });
  if (code === 0 && /^\s*HostName\s/m.test(output.stdout)) return output.stdout;
  const errors = output.stderr.trim().split("\n").slice(0, 3).join(" ");
  throw new Failure(`vagrant reports no SSH configuration for the machine: ${errors}`, {
    code: "machine-not-running",
    remedy: "start it: devtool up",
    exitCode: 2,
  });
}

function vagrantFailure(error: unknown): Failure {
  const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
  return new Failure(missing ? "vagrant is not installed" : `can't run vagrant: ${String(error)}`, {
    code: missing ? "vagrant-missing" : "vagrant-failed",
    remedy: "install it from https://developer.hashicorp.com/vagrant/install, or use --target [user@]host",
    exitCode: 2,
    cause: error,
  });
}
