import { execFileSync, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scope } from "./host.ts";
import { type Sshd, startSshd } from "./sshd.ts";

export const PASSWORD = "open sesame";

/** What this host lacks for startPasswordSshd(). */
export function passwordSshdLacks(): string | undefined {
  if (process.getuid?.() !== 0) return "root, to start sshd with a password of its own";
  return spawnSync("unshare", ["--mount", "true"]).status === 0 ? undefined : "mount namespaces";
}

/**
 * An sshd whose login user has PASSWORD, in an /etc/shadow of its own, which ends with it. `pam`: the lines of sshd's
 * PAM service, which words the questions of keyboard-interactive.
 */
export async function startPasswordSshd(
  scope: Scope,
  { config, pam = [] }: { readonly config: readonly string[]; readonly pam?: readonly string[] },
): Promise<Sshd> {
  const directory = await mkdtemp(join(tmpdir(), "tinydocker-password."));
  scope.after(() => rm(directory, { recursive: true, force: true }));
  const hash = execFileSync("openssl", ["passwd", "-6", PASSWORD], { encoding: "utf8" }).trim();
  const shadow = (await readFile("/etc/shadow", "utf8")).replace(/^root:.*$/m, `root:${hash}:19000:0:99999:7:::`);
  await writeFile(join(directory, "shadow"), shadow, { mode: 0o600 });
  await writeFile(join(directory, "sshd"), `${pam.join("\n")}\n`);
  const mount = `set -e
mount --bind "$0/shadow" /etc/shadow
[ ! -e /etc/pam.d/sshd ] || mount --bind "$0/sshd" /etc/pam.d/sshd
exec "$@"`;
  return await startSshd(scope, {
    config: ["PermitRootLogin yes", ...config],
    prefix: ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, directory],
  });
}
