import { homedir } from "node:os";
import { join } from "node:path";
import { Failure } from "../../failure.ts";
import { parseSshConfig } from "../ssh/config/file.ts";
import { parseHostSpec } from "../ssh/config/host-spec.ts";
import { interpret, type SshSettings } from "../ssh/config/settings.ts";
import { connectorTo } from "../ssh/target.ts";
import { Unreachable } from "../ssh/transport/connect-failure.ts";
import type { Target } from "../target.ts";
import { sshConfig } from "./ssh-config.ts";
import { forgetSshConfig, machineId, stateDirectory } from "./state.ts";

export interface VagrantTargetOptions {
  /** The folder of the Vagrantfile. */
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
  const settings = () => machineSettings(options);
  // The project's own machine: nobody can know its key before the first connection, which stores it.
  const trust = { ...options, acceptNewHostKey: true, sudo: options.sudo ?? true };
  const connect = connectorTo(name, settings, trust);
  return {
    name,
    kind: "vagrant",
    sudo: options.sudo,
    connect: async (signal) => {
      try {
        return await connect(signal);
      } catch (error) {
        signal.throwIfAborted();
        // Its address may have changed while it was halted.
        await forgetSshConfig(options.projectRoot);
        throw error instanceof Unreachable ? notUp(options, error) : error;
      }
    },
  };
}

async function machineSettings({ projectRoot, machine, notice }: VagrantTargetOptions): Promise<SshSettings> {
  const text = await sshConfig(projectRoot, machine);
  const host = /^Host (\S+)/m.exec(text)?.[1] ?? "default";
  const spec = parseHostSpec(host);
  const place = { file: undefined, home: homedir(), notice };
  const settings = interpret(spec, await parseSshConfig(text, spec, place), homedir());
  // All machines are at 127.0.0.1, and a machine that is created again has new keys: so each has its own file.
  const knownHosts = join(stateDirectory(projectRoot), `known_hosts-${await machineId(projectRoot, host)}`);
  return {
    ...settings,
    hostKeyAlias: `vagrant-${host}`,
    userKnownHostsFiles: [knownHosts],
    globalKnownHostsFiles: [],
    hashKnownHosts: false,
  };
}

function notUp({ machine }: VagrantTargetOptions, failure: Failure): Failure {
  return new Failure(failure.message, {
    code: failure.code,
    remedy: `is the virtual machine${machine === undefined ? "" : ` ${machine}`} up? devtool status, devtool up`,
    exitCode: failure.exitCode,
    cause: failure,
  });
}
