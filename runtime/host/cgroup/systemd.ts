import { existsSync } from "node:fs";
import { join } from "node:path";
import { DELEGATE, DELEGATED } from "../../cgroup/delegation.ts";
import { Failure } from "../../failure.ts";

/** sd_booted(3), and what a systemd in another root directory does not have there. */
const SIGNS = ["/run/systemd/system", "/run/systemd/private", "/usr/bin/systemd-run"];

/** The directory that systemd leaves to tinydocker, made or not; undefined where it does not manage this machine's cgroups. */
export function delegatedDirectory(mount: string): string | undefined {
  return [...SIGNS, join(mount, "system.slice")].every((path) => existsSync(path)) ? join(mount, DELEGATED) : undefined;
}

/** Has systemd make it. Throws Failure. */
export function delegate(directory: string): void {
  // Loaded only now, once in a machine's life: starting programs takes 5 ms to load.
  const { spawnSync } = process.getBuiltinModule("node:child_process");
  const [program = "", ...args] = DELEGATE;
  const { status, error, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 30_000 });
  // Another start may have been first.
  if (status === 0 || existsSync(directory)) return;
  throw new Failure(`systemd can't make the unit tinydocker.service: ${error?.message ?? stderr.trim()}`, {
    code: "cgroup-refused",
    remedy: "systemctl status tinydocker.service shows its state; systemctl stop tinydocker.service removes it",
  });
}
