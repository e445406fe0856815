import type { Step, Text } from "../plan/step.ts";
import { capabilityNames } from "../spec/capability.ts";

// linux/mount.h
const MS: Readonly<Record<number, string>> = {
  1: "MS_RDONLY",
  2: "MS_NOSUID",
  4: "MS_NODEV",
  8: "MS_NOEXEC",
  4096: "MS_BIND",
  16384: "MS_REC",
  262144: "MS_PRIVATE",
  16777216: "MS_STRICTATIME",
};
const MOUNT_ATTR: Readonly<Record<number, string>> = {
  1: "MOUNT_ATTR_RDONLY",
  2: "MOUNT_ATTR_NOSUID",
  4: "MOUNT_ATTR_NODEV",
  8: "MOUNT_ATTR_NOEXEC",
};
// linux/sched.h
const CLONE: Readonly<Record<number, string>> = {
  131072: "CLONE_NEWNS",
  33554432: "CLONE_NEWCGROUP",
  67108864: "CLONE_NEWUTS",
  134217728: "CLONE_NEWIPC",
  268435456: "CLONE_NEWUSER",
  536870912: "CLONE_NEWPID",
  1073741824: "CLONE_NEWNET",
};

/** A step's system call and its arguments, as strace prints them. */
export function callOf(step: Step): string {
  const n = (index: number) => Number(step.numbers[index] ?? 0);
  const t = (index: number) => quoted(step.texts[index] ?? "");
  switch (step.op) {
    case "MKDIR":
      return `mkdir(${t(0)}, ${octal(n(0))})`;
    case "WRITE":
      return `write(open(${t(0)}, O_WRONLY|O_CREAT|O_EXCL, ${octal(n(0))}), ${t(1)})`;
    case "MOUNT":
      return `mount(${orNull(t(0))}, ${t(1)}, ${orNull(t(2))}, ${flags(n(0), MS)}, ${orNull(t(3))})`;
    case "OPEN_TREE":
      return `open_tree(AT_FDCWD, ${t(0)}, OPEN_TREE_CLONE${n(1) ? "|AT_RECURSIVE" : ""}) = slot ${n(0)}`;
    case "SETATTR":
      return `mount_setattr(slot ${n(0)}, "", AT_EMPTY_PATH${n(2) ? "|AT_RECURSIVE" : ""}, {attr_set=${flags(n(1), MOUNT_ATTR)}})`;
    case "MOVE_MOUNT":
      return `move_mount(slot ${n(0)}, "", AT_FDCWD, ${t(0)}, MOVE_MOUNT_F_EMPTY_PATH)`;
    case "TOUCH":
      return `open(${t(0)}, O_WRONLY|O_CREAT|O_EXCL, ${octal(n(0))})`;
    case "PIVOT_ROOT":
      return `chdir(${t(0)}), pivot_root(".", ".")`;
    case "DETACH":
      return `umount2(".", MNT_DETACH)`;
    case "SYMLINK":
      return `symlink(${t(0)}, ${t(1)})`;
    case "MASK":
      return `mount("/dev/null" or an empty tmpfs, ${t(0)})`;
    case "READONLY":
      return `mount(${t(0)}, ${t(0)}, NULL, MS_BIND|MS_REC|MS_RDONLY, NULL)`;
    case "ROOT_RDONLY":
      return `mount_setattr(AT_FDCWD, "/", 0, {attr_set=MOUNT_ATTR_RDONLY})`;
    case "SETHOSTNAME":
      return `sethostname(${t(0)}, ${Buffer.byteLength(String(step.texts[0] ?? ""))})`;
    case "LINK_UP":
      return `ioctl(socket, SIOCSIFFLAGS, {ifr_name=${t(0)}, ifr_flags=IFF_UP})`;
    case "RLIMIT":
      return `setrlimit(RLIMIT_NOFILE, {rlim_cur=${n(1)}})`;
    case "KEYRING":
      return "keyctl(KEYCTL_JOIN_SESSION_KEYRING, NULL)";
    case "SETSID":
      return "setsid()";
    case "TERMINAL":
      return `ioctl(ioctl(open("/dev/pts/ptmx", O_RDWR), TIOCGPTPEER, O_RDWR), TIOCSCTTY, 0)`;
    case "UMASK":
      return `umask(${octal(n(0))})`;
    case "CAPBSET":
      return `prctl(PR_CAPBSET_DROP, all but ${capabilities(step)})`;
    case "SETGROUPS":
      return `setgroups(${groupList(step.texts[0])})`;
    case "SETGID":
      return `setresgid(${n(0)}, ${n(0)}, ${n(0)})`;
    case "SETUID":
      return `setresuid(${n(0)}, ${n(0)}, ${n(0)})`;
    case "CAPSET":
      return `capset({effective=permitted=${capabilities(step)}, inheritable=0})`;
    case "NO_NEW_PRIVS":
      return "prctl(PR_SET_NO_NEW_PRIVS, 1)";
    case "CHDIR":
      return `chdir(${t(0)})`;
    case "EXEC":
      // The environment may hold secrets, and standard error may be a log.
      return `execve(${quoted(firstOf(step.texts[0]))}, ${t(0)}, /* ${step.texts[1]?.length ?? 0} vars */)`;
  }
}

/** The call that makes the process the steps run in. */
export function cloneCall(namespaces: number): string {
  return `clone3({flags=CLONE_VM|CLONE_VFORK|CLONE_PIDFD|CLONE_CLEAR_SIGHAND|${flags(namespaces, CLONE)}, exit_signal=SIGCHLD})`;
}

function flags(value: number, names: Readonly<Record<number, string>>): string {
  const set = Object.entries(names).filter(([bit]) => value & Number(bit));
  return set.length === 0 ? "0" : set.map(([, name]) => name).join("|");
}

function octal(mode: number): string {
  return mode === 0 ? "0" : `0${mode.toString(8)}`;
}

function quoted(text: Text): string {
  if (typeof text === "string") return JSON.stringify(text);
  return text instanceof Uint8Array
    ? `/* ${text.length} bytes */`
    : `[${text.map((item) => JSON.stringify(item)).join(", ")}]`;
}

function orNull(text: string): string {
  return text === '""' ? "NULL" : text;
}

function firstOf(text: Text | undefined): string {
  return Array.isArray(text) ? (text[0] ?? "") : "";
}

function capabilities(step: Step): string {
  return capabilityNames(BigInt(step.numbers[0] ?? 0)).join("|") || "0";
}

function groupList(text: Text | undefined): string {
  if (!(text instanceof Uint8Array)) return "0, []";
  const groups = Array.from({ length: text.length / 4 }, (_, i) => Buffer.from(text).readUInt32LE(i * 4));
  return `${groups.length}, [${groups.join(", ")}]`;
}
