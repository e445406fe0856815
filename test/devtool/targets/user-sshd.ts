import { spawnSync } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type Sshd, startSshd } from "../../rig/sshd.ts";

export const UID = 42_042;

/** What startSshdForUser needs and this host lacks. */
export function missing(): string | undefined {
  if (process.getuid?.() !== 0) return "root, to start sshd with users of its own";
  if (spawnSync("sudo", ["-V"]).status !== 0) return "sudo";
  return spawnSync("unshare", ["--mount", "true"]).status === 0 ? undefined : "mount namespaces";
}

/**
 * An sshd whose login user is not root: /etc/passwd, /etc/shadow and /etc/sudoers.d are its own, in a mount namespace
 * that ends with it.
 */
export async function startSshdForUser(t: TestContext, sudoers: string, without?: "without sudo"): Promise<Sshd> {
  const directory = await mkdtemp(join(tmpdir(), "tinydocker-sudo."));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  const home = join(directory, "home");
  for (const path of [home, join(home, "run"), join(directory, "sudoers.d")]) await mkdir(path, { mode: 0o755 });
  for (const path of [home, join(home, "run")]) await chown(path, UID, UID);
  const write = async (name: string, text: string, mode: number) => {
    await writeFile(join(directory, name), text);
    await chmod(join(directory, name), mode);
  };
  await write("passwd", `${await readFile("/etc/passwd", "utf8")}rig:x:${UID}:${UID}::${home}:/bin/sh\n`, 0o644);
  await write("shadow", `${await readFile("/etc/shadow", "utf8")}rig:*:19000:0:99999:7:::\n`, 0o600);
  await write("sudoers.d/rig", sudoers, 0o440);
  const mount = `set -e
for name in passwd shadow sudoers.d; do mount --bind "$0/$name" "/etc/$name"; done
${without ? 'mount --bind /dev/null "$(command -v sudo)"' : ""}
exec "$@"`;
  return await startSshd(t, {
    user: "rig",
    home,
    config: [`SetEnv HOME=${home} XDG_RUNTIME_DIR=${home}/run`],
    prefix: ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, directory],
  });
}

export const ALLOWED = "rig ALL=(ALL) NOPASSWD: ALL\n";
export const FORBIDDEN = "";
