import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Scope } from "./host.ts";
import { type Sshd, startSshd } from "./sshd.ts";

/** A key that signs certificates; returns its file. */
export function makeAuthority(directory: string, name = "authority"): string {
  const file = join(directory, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  return file;
}

/** Certifies `KEY.pub` for the login user; returns `KEY-cert.pub`. */
export function certifyUser(authority: string, key: string, { user }: Pick<Sshd, "user">, ...more: string[]): string {
  execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "rig", "-n", user, ...more, `${key}.pub`]);
  return `${key}-cert.pub`;
}

/** The same for a host's key. */
export function certifyHost(authority: string, hostKey: string, host: string): string {
  execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "rig", "-h", "-n", host, `${hostKey}.pub`]);
  return `${hostKey}-cert.pub`;
}

/** An sshd whose user has a certificate, which only OpenSSH's own ssh can offer: so devtool connects by that. */
export async function startSshdForOpenSsh(scope: Scope): Promise<Sshd> {
  const sshd = await startSshd(scope);
  certifyUser(makeAuthority(sshd.directory), sshd.keyFile, sshd);
  return sshd;
}
