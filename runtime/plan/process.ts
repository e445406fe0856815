import { RLIM_INFINITY, RLIMIT, SIGNAL } from "../linux.ts";
import { dockerFilter } from "../seccomp/docker-filter.ts";
import { filterOf } from "../seccomp/filter.ts";
import { filterFlags } from "../seccomp/profile.ts";
import type { Rlimit } from "../spec/limits/ulimits.ts";
import { hasNew } from "../spec/namespaces.ts";
import { capabilityMask } from "../spec/security/capability.ts";
import { sysctlPath } from "../spec/security/sysctl.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { HostFacts } from "./host-facts.ts";
import type { Step } from "./step.ts";
import { canSetGroups } from "./user-namespace.ts";

/** While /proc/sys can still be written to. */
export function sysctlSteps({ linux: { sysctl = {} } }: ContainerSpec): Step[] {
  return Object.entries(sysctl).map(([name, value]) => ({
    op: "SYSCTL",
    path: sysctlPath(name),
    value,
    reason: "sysctl",
  }));
}

/** While the machine's own /proc can be seen, through which no image can lead elsewhere. */
export function oomScoreSteps({ process: { oomScoreAdj } }: ContainerSpec): Step[] {
  return oomScoreAdj === undefined ? [] : [{ op: "OOM_SCORE_ADJ", score: String(oomScoreAdj), reason: "oomScore" }];
}

/** What the command sees as its machine and session. */
export function machineSteps(spec: ContainerSpec): Step[] {
  const { hostname, domainname, linux, process } = spec;
  const domain: readonly Step[] =
    domainname === undefined ? [] : [{ op: "SETDOMAINNAME", name: domainname, reason: "domainname" }];
  // Root may lack CAP_NET_ADMIN, as inside another container.
  const loopback: Step = { op: "LINK_UP", name: "lo", reason: "loopback", excusedBy: "EPERM" };
  return [
    ...(hasNew(linux, "uts") ? [{ op: "SETHOSTNAME", name: hostname, reason: "hostname" } as const] : []),
    ...domain,
    ...(hasNew(linux, "network") ? [loopback] : []),
    ...sessionSteps(process, { console: true }),
  ];
}

/** A session of its own. `console`: its terminal is the container's /dev/console. */
export function sessionSteps(
  { terminal, user: { uid } }: ContainerSpec["process"],
  { console }: { readonly console: boolean },
): Step[] {
  // EPERM: without root, a pipe may belong to a user that the container does not have.
  const pipes: Step[] = uid === 0 ? [] : [{ op: "CHOWN_PIPES", uid, reason: "ownPipes", excusedBy: "EPERM" }];
  const ownTerminal: Step[] = [
    ...(console ? [{ op: "TOUCH", mode: 0o600, path: "/dev/console", reason: "target" } as const] : []),
    { op: "TERMINAL", uid, console: console ? 1 : 0, reason: "terminal" },
  ];
  return [
    // A kernel without keyrings has none to protect.
    { op: "KEYRING", reason: "keyring", excusedBy: "ENOSYS" },
    { op: "SETSID", reason: "session" },
    ...(terminal ? ownTerminal : pipes),
  ];
}

/** The facts about the machine that a process in a container depends on. */
export type ProcessFacts = Pick<HostFacts, "machine" | "kernel" | "userNamespace">;

const DIES_WITH_PARENT = { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "dieWithParentStill" } as const;

/**
 * The command's identity and rights, in an order in which every step is still permitted. `end`: what ends it besides its own
 * exit.
 */
export function processSteps(spec: ContainerSpec, host: ProcessFacts, end: Step = DIES_WITH_PARENT): Step[] {
  const { user, cwd, rlimits, umask, capabilities, noNewPrivileges = true, init } = spec.process;
  const bounding = capabilityMask(capabilities.bounding);
  const effective = capabilityMask(capabilities.effective);
  const permitted = capabilityMask(capabilities.permitted);
  const filter = filterSteps(spec, host);
  return [
    ...rlimits.map(rlimitStep),
    { op: "UMASK", mask: umask, reason: "umask" },
    { op: "CLOSE_ON_EXEC", reason: "descriptors" },
    { op: "CAPBSET", capabilities: bounding, reason: "bounding" },
    // Without no_new_privs, only a process that still has CAP_SYS_ADMIN can install it; then it applies to these steps too.
    ...(noNewPrivileges ? [] : filter),
    ...enteredAsRoot(spec.process),
    ...(canSetGroups(spec.linux, host)
      ? [{ op: "SETGROUPS", groups: user.additionalGids, reason: "groups" } as const]
      : []),
    { op: "SETGID", gid: user.gid, reason: "identity" },
    { op: "SETUID", uid: user.uid, reason: "identity" },
    { op: "CAPSET", effective, permitted, reason: "capabilities" },
    { op: "CHDIR", path: cwd, reason: "chdir" },
    end,
    ...(noNewPrivileges ? [{ op: "NO_NEW_PRIVS", reason: "noNewPrivileges" } as const, ...filter] : []),
    ...(init ? [{ op: "REAPER", reason: "reaper" } as const] : []),
  ];
}

/** Who may not enter the directory is in it all the same, as with docker. Where root may not, as on NFS, the user tries it. */
function enteredAsRoot({ cwd, user }: ContainerSpec["process"]): Step[] {
  return user.uid === 0 ? [] : [{ op: "CHDIR", path: cwd, reason: "chdirAsRoot", excusedBy: "EACCES" }];
}

function rlimitStep({ type, soft, hard }: Rlimit): Step {
  const resource = RLIMIT[type];
  if (hard === undefined) return { op: "RLIMIT", resource, soft, reason: "nofile" };
  const number = (value: number) => (value === -1 ? RLIM_INFINITY : value);
  return { op: "SETRLIMIT", resource, soft: number(soft), hard: number(hard), reason: "ulimit" };
}

/** What the kernel refuses to do for the command. */
function filterSteps({ linux, process }: ContainerSpec, { machine, kernel }: ProcessFacts): Step[] {
  if (linux.seccomp === "unconfined") return [];
  const there = { machine, kernel, capabilities: process.capabilities.bounding };
  const { seccomp: profile = {} } = linux;
  const filter = linux.seccomp ? filterOf(linux.seccomp, there) : dockerFilter(there);
  return [{ op: "SECCOMP", flags: filterFlags(profile), filter, reason: linux.seccomp ? "seccompFile" : "seccomp" }];
}

/** The last step. */
export function commandStep({ process: { args, env } }: ContainerSpec, reason: "exec" | "execInside" = "exec"): Step {
  const search = env.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  return { op: "EXEC", args, env, search, reason };
}
