import type { TargetSettings } from "../config/config.ts";
import { Failure } from "../failure.ts";
import { DEFAULT_TARGET } from "./default.ts";
import { localTarget } from "./local/local.ts";
import { limaSettings } from "./machine/lima.ts";
import { type MachineOptions, machineTarget } from "./machine/machine.ts";
import { multipassSettings } from "./machine/multipass.ts";
import type { MachineKind } from "./machine/tool.ts";
import { withSettings } from "./settings.ts";
import { sshTarget } from "./ssh/target.ts";
import type { Target } from "./target.ts";
import { vagrantTarget } from "./vagrant/vagrant.ts";

export interface ResolveOptions {
  /** An absolute path; the Vagrantfile may be in a folder above it. */
  readonly projectRoot: string;
  readonly acceptNewHostKey?: boolean;
  /** For targets without a `configFile` of their own. */
  readonly sshConfigFile?: string | undefined;
  /** Called with information that needs no action; by default it is printed on stderr. */
  readonly notice?: (text: string) => void;
}

/**
 * The target with this name in the configuration, else `local`, `vagrant`, or a host as ssh accepts it. Without a name
 * this machine if it runs Linux, else the Vagrant machine. Connects to nothing yet.
 * @throws Failure when the name is none of these
 */
export function resolveTarget(
  name: string | undefined,
  targets: Readonly<Record<string, TargetSettings>>,
  options: ResolveOptions,
): Target {
  const chosen = name ?? DEFAULT_TARGET;
  const configured = Object.hasOwn(targets, chosen) ? targets[chosen] : undefined;
  const settings = configured ?? adHoc(chosen);
  return withSettings(makeTarget(chosen, settings, options), settings);
}

function adHoc(name: string): TargetSettings {
  if (name === "")
    throw new Failure("the target's name is empty", {
      code: "target-invalid",
      remedy: "name one of the configuration's targets, or a host as ssh takes it",
      exitCode: 2,
    });
  if (name === "local") return { kind: "local" };
  if (name === "vagrant") return { kind: "vagrant" };
  return { kind: "ssh", host: name };
}

function makeTarget(name: string, settings: TargetSettings, options: ResolveOptions): Target {
  const { projectRoot, acceptNewHostKey = false } = options;
  const notice = options.notice ?? ((text: string) => void process.stderr.write(`devtool: ${text}\n`));
  const { sudo } = settings;
  switch (settings.kind) {
    case "local":
      return localTarget(name, { sudo });
    case "ssh": {
      const configFile = settings.configFile ?? options.sshConfigFile;
      const { node, shell } = settings;
      return sshTarget(name, settings.host, { acceptNewHostKey, configFile, sudo, node, shell, notice });
    }
    case "vagrant":
      return vagrantTarget(name, {
        projectRoot,
        machine: settings.machine,
        sudo,
        node: settings.node,
        shell: settings.shell,
        notice,
      });
    case "lima":
      return machineTarget(name, {
        ...machineOptions(settings, notice),
        settings: () => limaSettings(settings.name, notice),
      });
    case "multipass": {
      const machine = { name: settings.name, identityFile: settings.identityFile, notice };
      return machineTarget(name, { ...machineOptions(settings, notice), settings: () => multipassSettings(machine) });
    }
    default:
      return settings satisfies never;
  }
}

function machineOptions(
  { kind, sudo, node, shell }: Extract<TargetSettings, { kind: MachineKind }>,
  notice: (text: string) => void,
): Omit<MachineOptions, "settings"> {
  return { kind, sudo, node, shell, notice };
}
