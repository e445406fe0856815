import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Sshd, startSshd } from "../test/rig/sshd.ts";
import { run } from "./run.ts";
import type { Scope } from "./scope.ts";

/** OpenSSH's server on loopback, and the client's command line for it. */
export interface Remote {
  readonly sshd: Sshd;
  /** A connection for each command, as argv without the host. */
  readonly plain: readonly string[];
  /** Over one connection that is open already (ControlMaster). */
  readonly multiplexed: readonly string[];
  /** Its name in the client's configuration. */
  readonly host: string;
}

export async function openRemote(scope: Scope): Promise<Remote> {
  const sshd = await startSshd(scope);
  const plain = ["ssh", "-F", sshd.configFile];
  const socket = join(sshd.directory, "master");
  const multiplexed = [...plain, "-o", `ControlPath=${socket}`];
  await run([...multiplexed, "-o", "ControlMaster=yes", "-o", "ControlPersist=yes", "-f", "-N", sshd.host]);
  scope.after(async () => {
    await run([...multiplexed, "-O", "exit", sshd.host]);
    await rm(socket, { force: true });
  });
  return { sshd, plain, multiplexed, host: sshd.host };
}
