import { DELEGATE } from "../cgroup/delegation.ts";
import { deviceLine } from "../cgroup/device-lines.ts";
import type { CgroupStep } from "../cgroup/step.ts";
import {
  CAP,
  CLONE,
  flagNames,
  numberName,
  RLIM_INFINITY,
  RLIMIT,
  S_IFBLK,
  S_IFMT,
  SECCOMP_FILTER_FLAG,
  SIGNAL,
} from "../linux.ts";
import type { Plan, Step } from "../plan/step.ts";
import { numbersOfDevice } from "../spec/security/device.ts";
import { mountCall } from "./mount-calls.ts";
import { messagesText } from "./netlink.ts";
import { octal, quoted } from "./text.ts";

/** A step's system call and its arguments, as strace prints them. */
export function callOf(step: Step | CgroupStep): string {
  return "cgroup" in step ? cgroupCall(step) : initCall(step);
}

function cgroupCall(step: CgroupStep): string {
  switch (step.op) {
    case "CGROUP_DELEGATE":
      return DELEGATE.map((word) => (word.includes(" ") ? quoted(word) : word)).join(" ");
    case "CGROUP_MAKE":
      return `mkdir(${quoted(step.cgroup)}, 0777)`;
    case "CGROUP_WRITE":
      return `write(open(${quoted(`${step.cgroup}/${step.file}`)}, O_WRONLY), ${quoted(step.content)})`;
    case "CGROUP_DEVICES":
      return devicesCall(step.cgroup, step.version, step.rules.map(deviceLine));
    case "CGROUP_JOIN":
      return step.version === 1
        ? `write(open(${quoted(`${step.cgroup}/tasks`)}, O_WRONLY), "0") /* in the new process */`
        : `open(${quoted(step.cgroup)}, O_RDONLY|O_DIRECTORY) /* clone3's cgroup */`;
  }
}

function devicesCall(cgroup: string, version: 1 | 2, lines: readonly (readonly [string, string])[]): string {
  if (version === 1)
    return lines
      .map(([file, line]) => `write(open(${quoted(`${cgroup}/${file}`)}, O_WRONLY), ${quoted(line)})`)
      .join(", ");
  const rules = lines.map(([file, line]) => `${file.slice("devices.".length)} ${line}`).join("; ");
  return `bpf(BPF_PROG_ATTACH, {target_fd=open(${quoted(cgroup)}), attach_type=BPF_CGROUP_DEVICE}) /* ${rules} */`;
}

function initCall(step: Step): string {
  switch (step.op) {
    case "UNSHARE":
      return `unshare(${flagNames(step.namespaces, CLONE)})`;
    case "JOIN_CGROUP":
      return `write(slot ${step.slot}, "0") /* tasks of a cgroup */`;
    case "SETNS":
      return `setns(slot ${step.slot}, ${flagNames(step.namespaces, CLONE)})`;
    case "PDEATHSIG":
      return `prctl(PR_SET_PDEATHSIG, ${step.signal === 0 ? 0 : numberName(step.signal, SIGNAL)})`;
    case "AWAIT":
      return `read(slot ${step.slot}, /* 1 byte */, 1)`;
    case "MKDIR":
      return `mkdir(${quoted(step.path)}, ${octal(step.mode)})`;
    case "WRITE":
      return `write(open(${quoted(step.path)}, O_WRONLY|O_CREAT|O_EXCL, ${octal(step.mode)}), ${quoted(step.content)})`;
    case "COPY":
      return `write(open(${quoted(step.path)}, O_WRONLY|O_CREAT|O_EXCL, ${octal(step.mode)}), /* ${quoted(step.source)} */)`;
    case "TOUCH":
      return `open(${quoted(step.path)}, O_WRONLY|O_CREAT|O_EXCL, ${octal(step.mode)})`;
    case "SYMLINK":
      return `symlink(${quoted(step.target)}, ${quoted(step.path)})`;
    case "PRIVATE":
    case "MOUNT":
    case "TMPFS":
    case "FSMOUNT":
    case "OPEN_TREE":
    case "OPEN_IN":
    case "OPEN_BELOW":
    case "PROPAGATE":
    case "SETATTR":
    case "MOVE_MOUNT":
    case "PIVOT_ROOT":
    case "DETACH":
    case "MASK":
    case "READONLY":
    case "MOUNT_RDONLY":
      return mountCall(step);
    case "MKNOD":
      return `mknod(${quoted(step.path)}, ${typed(step.mode)}, makedev(${deviceNumbers(step.device)}))`;
    case "SYSCTL":
      return `write(open(${quoted(`/proc/sys/${step.path}`)}, O_WRONLY), ${quoted(step.value)})`;
    case "SETDOMAINNAME":
      return `setdomainname(${quoted(step.name)}, ${Buffer.byteLength(step.name)})`;
    case "SETHOSTNAME":
      return `sethostname(${quoted(step.name)}, ${Buffer.byteLength(step.name)})`;
    case "LINK_UP":
    case "OPEN_NETWORK":
    case "NETLINK":
    case "AWAIT_LINK":
    case "AWAIT_LOCAL":
      return networkCall(step);
    case "RLIMIT":
      return `setrlimit(${numberName(step.resource, RLIMIT)}, {rlim_cur=${step.soft}})`;
    case "SETRLIMIT":
      return `setrlimit(${numberName(step.resource, RLIMIT)}, {rlim_cur=${rlimit(step.soft)}, rlim_max=${rlimit(step.hard)}})`;
    case "OOM_SCORE_ADJ":
      return `write(open("/proc/self/oom_score_adj", O_WRONLY), ${quoted(step.score)})`;
    case "KEYRING":
      return "keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL)";
    case "SETSID":
      return "setsid()";
    case "TERMINAL":
      return `ioctl(ioctl(open("/dev/pts/ptmx", O_RDWR), TIOCGPTPEER, O_RDWR), TIOCSCTTY, 0)`;
    case "CHOWN_PIPES":
      return `fchown(those of 0, 1 and 2 that are pipes, ${step.uid}, -1)`;
    default:
      return processCall(step);
  }
}

type NetworkStep = Step & { readonly op: "LINK_UP" | "OPEN_NETWORK" | "NETLINK" | "AWAIT_LINK" | "AWAIT_LOCAL" };

function networkCall(step: NetworkStep): string {
  switch (step.op) {
    case "LINK_UP":
      return `ioctl(socket, SIOCSIFFLAGS, {ifr_name=${quoted(step.name)}, ifr_flags=IFF_UP})`;
    case "OPEN_NETWORK":
      return `open("/proc/self/ns/net", O_RDONLY) = ${step.fd}`;
    case "NETLINK":
      return `send(slot ${step.slot}, ${messagesText(step.messages, step.link)})`;
    case "AWAIT_LINK":
      return `send(slot ${step.slot}, {RTM_GETLINK, ${step.link}}) until it is up and forwards`;
    case "AWAIT_LOCAL":
      return `send(slot ${step.slot}, ${messagesText(step.request, "")}) until the route is local`;
  }
}

/** Those that change the process itself, and make it into the command. */
type ProcessStep = Step & {
  readonly op:
    | "UMASK"
    | "CAPBSET"
    | "SETGROUPS"
    | "SETGID"
    | "SETUID"
    | "CAPSET"
    | "NO_NEW_PRIVS"
    | "CHDIR"
    | "CLOSE_ON_EXEC"
    | "SECCOMP"
    | "REAPER"
    | "DUMPABLE"
    | "CLONE"
    | "EXEC"
    | "END";
};

function processCall(step: ProcessStep): string {
  switch (step.op) {
    case "UMASK":
      return `umask(${octal(step.mask)})`;
    case "CAPBSET":
      return `prctl(PR_CAPBSET_DROP, all but ${capabilities(step.capabilities)})`;
    case "SETGROUPS":
      return `setgroups(${step.groups.length}, [${step.groups.join(", ")}])`;
    case "SETGID":
      return `setresgid(${step.gid}, ${step.gid}, ${step.gid})`;
    case "SETUID":
      return `setresuid(${step.uid}, ${step.uid}, ${step.uid})`;
    case "CAPSET":
      return `capset({${heldCapabilities(step)}, inheritable=0})`;
    case "NO_NEW_PRIVS":
      return "prctl(PR_SET_NO_NEW_PRIVS, 1)";
    case "CHDIR":
      return `chdir(${quoted(step.path)})`;
    case "CLOSE_ON_EXEC":
      return "close_range(3, ~0U, CLOSE_RANGE_CLOEXEC)";
    case "SECCOMP":
      return `seccomp(SECCOMP_SET_MODE_FILTER, ${flagNames(step.flags, SECCOMP_FILTER_FLAG)}, {len=${step.filter.length / 2}, filter=…})`;
    case "DUMPABLE":
      return `prctl(PR_SET_DUMPABLE, ${step.dumpable})`;
    case "CLONE":
      return `clone3({flags=CLONE_PARENT, cgroup=slot ${step.slot}})`;
    case "REAPER":
      return "clone({flags=SIGCHLD})";
    case "EXEC":
      // The environment may contain secrets, and standard error may be a log.
      return `execve(${quoted(step.args[0] ?? "")}, [${step.args.map(quoted).join(", ")}], /* ${step.env.length} vars */)`;
    case "END":
      return "exit_group(0)";
  }
}

/** The call that makes the process in which the steps run. */
export function cloneCall({ namespaces, outside }: Pick<Plan, "namespaces" | "outside">): string {
  const into = outside.some((step) => step.op === "CGROUP_JOIN" && step.version === 2) ? CLONE.CLONE_INTO_CGROUP : 0;
  return childCall(namespaces + into);
}

/** The call that makes the guard, while the steps run. */
export function guardCall(): string {
  return childCall(0);
}

function childCall(flags: number): string {
  const further = flags === 0 ? "" : `|${flagNames(flags, CLONE)}`;
  return `clone3({flags=CLONE_VM|CLONE_VFORK|CLONE_PIDFD|CLONE_CLEAR_SIGHAND${further}, exit_signal=SIGCHLD})`;
}

function rlimit(value: number | bigint): string {
  return value === RLIM_INFINITY ? "RLIM_INFINITY" : String(value);
}

/** The mode of a device. */
function typed(mode: number | bigint): string {
  const [type, permissions] = [Number(mode) & S_IFMT, Number(mode) & ~S_IFMT];
  return `${type === S_IFBLK ? "S_IFBLK" : "S_IFCHR"}|${octal(permissions)}`;
}

function deviceNumbers(device: number | bigint): string {
  const { major, minor } = numbersOfDevice(Number(device));
  return `${major}, ${minor}`;
}

function heldCapabilities({ effective, permitted }: Step & { op: "CAPSET" }): string {
  const [first, second] = [capabilities(effective), capabilities(permitted)];
  return first === second ? `effective=permitted=${first}` : `effective=${first}, permitted=${second}`;
}

const CAP_BITS = Object.fromEntries(Object.entries(CAP).map(([name, number]) => [name, 2 ** number]));

function capabilities(mask: number | bigint): string {
  return flagNames(mask, CAP_BITS);
}
