import { join } from "node:path";
import { Failure } from "../../failure.ts";
import { isDown } from "../machine/machine.ts";
import { machineSettings } from "../machine/settings.ts";
import type { SshSettings } from "../ssh/config/settings.ts";
import { connectorTo } from "../ssh/target.ts";
import type { Target } from "../target.ts";
import { sshConfig } from "./ssh-config.ts";
import { forgetSshConfig, machineId, stateDirectory } from "./state.ts";

export interface VagrantTargetOptions {
  /** The Vagrantfile is there, or in a folder above it. */
  readonly projectRoot: string;
  /** The machine's name, in a Vagrantfile with several. */
  readonly machine: string | undefined;
  readonly sudo: boolean | undefined;
  readonly node: string | undefined;
  readonly shell: string | undefined;
  readonly notice: (text: string) => void;
}

/** The virtual machine of the project's Vagrantfile. */
export function vagrantTarget(name: string, options: VagrantTargetOptions): Target {
  const settings = () => vagrantSettings(options);
  // The project's own machine: nobody can know its key before the first connection, which stores it.
  const trust = { ...options, acceptNewHostKey: true, sudo: options.sudo ?? true };
  const dial = connectorTo(name, settings, trust);
  const connect: Target["connect"] = (signal) =>
    dial(signal).catch((error: unknown) => {
      throw isDown(error) ? notUp(name, error) : error;
    });
  return {
    name,
    kind: "vagrant",
    sudo: options.sudo,
    connect: async (signal) => {
      try {
        return await connect(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (await isOutdated(options)) return await connect(signal);
        throw error;
      }
    },
  };
}

/** Whether vagrant says something else now: a machine's port or address may change while it is halted. */
async function isOutdated({ projectRoot, machine }: VagrantTargetOptions): Promise<boolean> {
  const cached = await sshConfig(projectRoot, machine).catch(() => undefined);
  await forgetSshConfig(projectRoot);
  return cached !== undefined && cached !== (await sshConfig(projectRoot, machine).catch(() => cached));
}

async function vagrantSettings({ projectRoot, machine, notice }: VagrantTargetOptions): Promise<SshSettings> {
  const text = await sshConfig(projectRoot, machine);
  const host = /^Host (\S+)/m.exec(text)?.[1] ?? "default";
  // All machines are at 127.0.0.1, and a machine that is created again has new keys: so each has its own file.
  const knownHosts = join(stateDirectory(projectRoot), `known_hosts-${await machineId(projectRoot, host)}`);
  return await machineSettings(text, { host, knownHosts, alias: `vagrant-${host}`, notice });
}

function notUp(target: string, failure: Failure): Failure {
  const up = target === "vagrant" ? "devtool up" : `devtool up --target ${target}`;
  return new Failure(failure.message, {
    code: failure.code,
    remedy: `is the virtual machine up? devtool status, ${up}`,
    exitCode: failure.exitCode,
    cause: failure,
  });
}
