import { homedir } from "node:os";
import { parseSshConfig } from "../ssh/config/file.ts";
import { parseHostSpec } from "../ssh/config/host-spec.ts";
import { interpret, type SshSettings } from "../ssh/config/settings.ts";

export interface MachinePlace {
  /** Its name in `text`. */
  readonly host: string;
  /** Where its host key is pinned. */
  readonly knownHosts: string;
  /** Its key is kept under this name: addresses and ports of machines on this one are used again. */
  readonly alias: string;
  readonly notice: (text: string) => void;
}

/** The settings of a virtual machine on this one, from the ssh_config that its own program prints for it. */
export async function machineSettings(
  text: string,
  { host, knownHosts, alias, notice }: MachinePlace,
): Promise<SshSettings> {
  const spec = parseHostSpec(host);
  const place = { file: undefined, home: homedir(), notice };
  const settings = interpret(spec, await parseSshConfig(text, spec, place), homedir());
  return {
    ...settings,
    hostKeyAlias: alias,
    userKnownHostsFiles: [knownHosts],
    globalKnownHostsFiles: [],
    hashKnownHosts: false,
    // lima says NoHostAuthenticationForLocalhost.
    anyHostKey: false,
  };
}
