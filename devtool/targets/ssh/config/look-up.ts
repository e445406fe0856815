import { readSshConfig, type SshConfigPlace } from "./file.ts";
import type { HostSpec } from "./host-spec.ts";
import { askOpenSsh } from "./openssh.ts";
import { interpret, type SshSettings } from "./settings.ts";

/**
 * Asks OpenSSH itself where it is installed, else reads the files. @throws Failure on a configuration that is not valid
 */
export async function sshSettings(spec: HostSpec, place: SshConfigPlace): Promise<SshSettings> {
  const options = (await askOpenSsh(spec, place.file)) ?? (await readSshConfig(spec, place));
  return interpret(spec, options, place.home);
}
