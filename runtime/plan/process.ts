import { RLIMIT } from "../linux.ts";
import { capabilityMask } from "../spec/capability.ts";
import { allowsSetgroups } from "../spec/namespaces.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { Step } from "./step.ts";

/** What the command sees as its machine and session. */
export function machineSteps({ hostname, process: { terminal, user } }: ContainerSpec): Step[] {
  const console: Step[] = [
    { op: "TOUCH", mode: 0o600, path: "/dev/console", reason: "target" },
    { op: "TERMINAL", uid: user.uid, reason: "terminal" },
  ];
  return [
    { op: "SETHOSTNAME", name: hostname, reason: "hostname" },
    { op: "LINK_UP", name: "lo", reason: "loopback" },
    // A kernel without keyrings has none to protect.
    { op: "KEYRING", reason: "keyring", excusedBy: "ENOSYS" },
    { op: "SETSID", reason: "session" },
    ...(terminal ? console : []),
  ];
}

/** The command's identity and rights, in an order in which every step is still permitted. */
export function processSteps({ process: { user, cwd, rlimits, umask, capabilities }, linux }: ContainerSpec): Step[] {
  const bounding = capabilityMask(capabilities.bounding);
  const effective = capabilityMask(capabilities.effective);
  const permitted = capabilityMask(capabilities.permitted);
  return [
    ...rlimits.map(({ type, soft }): Step => ({ op: "RLIMIT", resource: RLIMIT[type], soft, reason: "nofile" })),
    { op: "UMASK", mask: umask, reason: "umask" },
    { op: "CAPBSET", capabilities: bounding, reason: "bounding" },
    ...(allowsSetgroups(linux) ? [{ op: "SETGROUPS", groups: user.additionalGids, reason: "groups" } as const] : []),
    { op: "SETGID", gid: user.gid, reason: "identity" },
    { op: "SETUID", uid: user.uid, reason: "identity" },
    { op: "CAPSET", effective, permitted, reason: "capabilities" },
    { op: "NO_NEW_PRIVS", reason: "noNewPrivileges" },
    { op: "CHDIR", path: cwd, reason: "chdir" },
  ];
}
