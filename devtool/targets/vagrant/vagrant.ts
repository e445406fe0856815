import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Failure } from "../../failure.ts";
import { parseSshConfig } from "../ssh/config/file.ts";
import { parseHostSpec } from "../ssh/config/host-spec.ts";
import { interpret, type SshSettings } from "../ssh/config/settings.ts";
import { Unreachable } from "../ssh/connect-failure.ts";
import { connector } from "../ssh/target.ts";
import type { ExitStatus, Target } from "../target.ts";

export interface VagrantTargetOptions {
  /** The folder of the Vagrantfile. */
  readonly projectRoot: string;
  /** The machine's name, in a Vagrantfile with several. */
  readonly machine: string | undefined;
  readonly sudo: boolean | undefined;
  readonly notice: (text: string) => void;
}

/** The virtual machine of the project's Vagrantfile. */
export function vagrantTarget(name: string, options: VagrantTargetOptions): Target {
  const route = async () => [await machineSettings(options)];
  // The project's own machine: nobody can know its key before the first connection, which stores it.
  const trust = { acceptNewHostKey: true, sudo: options.sudo ?? true, notice: options.notice };
  const connect = connector(name, route, trust);
  return {
    name,
    kind: "vagrant",
    connect: async (signal) => {
      try {
        return await connect(signal);
      } catch (error) {
        signal.throwIfAborted();
        // Its address may have changed while it was halted.
        await forget(options.projectRoot);
        throw error instanceof Unreachable ? notUp(options, error) : error;
      }
    },
  };
}

/**
 * Runs vagrant in the project's folder, on this process's own terminal and in its environment.
 * @throws Failure when it is not installed
 */
export async function runVagrant(args: readonly string[], projectRoot: string): Promise<ExitStatus> {
  const child = spawn("vagrant", args, { cwd: projectRoot, stdio: "inherit" });
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return signal === null ? { code: code ?? 1, signal } : { code: null, signal };
  } catch (error) {
    throw vagrantFailure(error);
  } finally {
    await forget(projectRoot);
  }
}

async function machineSettings({ projectRoot, machine, notice }: VagrantTargetOptions): Promise<SshSettings> {
  const text = await sshConfig(projectRoot, machine);
  const host = /^Host (\S+)/m.exec(text)?.[1] ?? "default";
  const spec = parseHostSpec(host);
  const place = { file: undefined, home: homedir(), notice };
  const settings = interpret(spec, await parseSshConfig(text, spec, place), homedir());
  // All machines are at 127.0.0.1, and one that is destroyed and created again has new keys: so one file for each.
  const knownHosts = join(stateDirectory(projectRoot), `known_hosts-${await machineId(projectRoot, host)}`);
  return {
    ...settings,
    hostKeyAlias: `vagrant-${host}`,
    userKnownHostsFiles: [knownHosts],
    globalKnownHostsFiles: [],
    hashKnownHosts: false,
  };
}

/** `vagrant ssh-config` takes seconds, so its output is cached until the Vagrantfile or a machine changes. */
async function sshConfig(projectRoot: string, machine: string | undefined): Promise<string> {
  const cache = join(stateDirectory(projectRoot), `ssh-config${machine === undefined ? "" : `-${machine}`}`);
  const key = `# ${await fingerprint(projectRoot)}\n`;
  const cached = await readFile(cache, "utf8").catch(() => "");
  if (cached.startsWith(key)) return cached;
  const text = await askVagrant(projectRoot, machine);
  await mkdir(dirname(cache), { recursive: true });
  await writeFile(`${cache}.${process.pid}`, key + text, { mode: 0o600 });
  await rename(`${cache}.${process.pid}`, cache);
  return text;
}

async function askVagrant(projectRoot: string, machine: string | undefined): Promise<string> {
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
  const said = output.stderr.trim().split("\n").slice(0, 3).join(" ");
  throw new Failure(`vagrant reports no SSH configuration for the machine: ${said}`, {
    code: "machine-not-running",
    remedy: "start it: devtool up",
    exitCode: 2,
  });
}

/** Changes when the Vagrantfile is edited, and when a machine is created or destroyed. */
async function fingerprint(projectRoot: string): Promise<string> {
  const ids = await machineIdFiles(projectRoot);
  const times = await Promise.all(
    [join(projectRoot, "Vagrantfile"), ...ids].map(async (path) => {
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
      return `${path}=${mtimeMs}`;
    }),
  );
  return JSON.stringify(times);
}

/** .vagrant/machines/NAME/PROVIDER/id, which exist as long as their machines. */
async function machineIdFiles(projectRoot: string): Promise<string[]> {
  const machines = join(dataDirectory(projectRoot), "machines");
  const files: string[] = [];
  for (const machine of await readdir(machines).catch(() => [])) {
    for (const provider of await readdir(join(machines, machine)).catch(() => [])) {
      files.push(join(machines, machine, provider, "id"));
    }
  }
  return files.sort();
}

async function machineId(projectRoot: string, machine: string): Promise<string> {
  for (const file of await machineIdFiles(projectRoot)) {
    if (!file.includes(join("machines", machine))) continue;
    const id = await readFile(file, "utf8").catch(() => "");
    if (id.trim()) return id.trim().replace(/[^\w.-]/g, "_");
  }
  return machine;
}

function dataDirectory(projectRoot: string): string {
  return process.env["VAGRANT_DOTFILE_PATH"] ?? join(projectRoot, ".vagrant");
}

/** Beside Vagrant's own data, so that git ignores it and `rm -r .vagrant` removes it. */
function stateDirectory(projectRoot: string): string {
  return join(dataDirectory(projectRoot), "devtool");
}

async function forget(projectRoot: string): Promise<void> {
  const directory = stateDirectory(projectRoot);
  const names = await readdir(directory).catch(() => []);
  await Promise.all(
    names.filter((name) => name.startsWith("ssh-config")).map((name) => rm(join(directory, name), { force: true })),
  );
}

function notUp({ machine }: VagrantTargetOptions, failure: Failure): Failure {
  return new Failure(failure.message, {
    code: failure.code,
    remedy: `is the virtual machine${machine === undefined ? "" : ` ${machine}`} up? devtool status, devtool up`,
    exitCode: failure.exitCode,
    cause: failure,
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
