import { dirname } from "node:path";
import type { CgroupStep } from "../../cgroup/step.ts";
import { callOf } from "../../explain/strace.ts";
import { Failure, type FailureCode } from "../../failure.ts";
import { errnoText } from "../../host/errno.ts";
import { PROCESSES_REMEDY, type Stage } from "../../host/shim.ts";
import { restrictions } from "../../host/users/user-namespaces.ts";
import { ERRNO } from "../../linux.ts";
import type { Step } from "../../plan/step.ts";
import { hasUserNamespace } from "../../spec/namespaces.ts";
import { type ContainerSpec, imageName } from "../../spec/spec.ts";
import type { ExitStatus } from "../../state/exit.ts";
import { commandFailure } from "./command-failure.ts";
import { noRoom } from "./no-room.ts";
import { apparmorRemedy, NONE_ALLOWED_REMEDY, profileRemedy, userNamespaceRemedy } from "./user-namespace-remedy.ts";

const NAMESPACE_LIMIT_REMEDY =
  "raise the limits in /proc/sys/user/max_*_namespaces, or end containers that are not needed";
const DESCRIPTOR_REMEDY = "close files that are not needed, or raise the limit: ulimit -n, sysctl fs.file-max";

/** This process has as many open files as it may, or the machine has. */
function lacksDescriptors(errno: number): boolean {
  return errno === ERRNO.EMFILE || errno === ERRNO.ENFILE;
}

/** For a process that could not be made. */
export function cloneFailure(stage: Stage, errno: number, userNamespace: boolean): Failure {
  if (errno === ERRNO.ECHILD) return endedEarly();
  const what = `can't start a process in new namespaces (${stage}): ${errnoText(errno)}`;
  return new Failure(what, { code: cloneCode(errno), remedy: cloneRemedy(stage, errno, userNamespace) });
}

function endedEarly(): Failure {
  return new Failure("the container's monitor ended before it had started the container", {
    code: "init-ended",
    remedy: "something outside ended it, such as the out-of-memory killer; see dmesg",
  });
}

function cloneCode(errno: number): FailureCode {
  const limits: readonly number[] = [ERRNO.ENOSPC, ERRNO.EUSERS, ERRNO.EAGAIN, ERRNO.ENOMEM];
  return limits.includes(errno) || lacksDescriptors(errno) ? "limit-reached" : "namespace-refused";
}

function cloneRemedy(stage: Stage, errno: number, userNamespace: boolean): string {
  if (stage === "user map") return userNamespaceRemedy(restrictions());
  switch (errno) {
    case ERRNO.EPERM:
      return userNamespace
        ? userNamespaceRemedy(restrictions())
        : (profileRemedy(restrictions()) ??
            "a seccomp filter or a security module keeps root from making namespaces, as inside another container");
    case ERRNO.EACCES:
      return (
        apparmorRemedy(restrictions()) ??
        (stage === "clone" ? "a security module, such as SELinux, refuses it" : "see dmesg")
      );
    case ERRNO.ENOSPC:
    case ERRNO.EUSERS:
      return userNamespace && restrictions().noneAllowed ? NONE_ALLOWED_REMEDY : NAMESPACE_LIMIT_REMEDY;
    case ERRNO.EINVAL:
      return "this kernel was built without one of the namespaces: zgrep _NS= /proc/config.gz";
    case ERRNO.ENOSYS:
      return "the kernel is too old for clone3, or a seccomp filter refuses it: start the outer container with --security-opt seccomp=unconfined";
    case ERRNO.EAGAIN:
      return PROCESSES_REMEDY;
    case ERRNO.ENOMEM:
      return "free some memory";
    case ERRNO.EMFILE:
    case ERRNO.ENFILE:
      return DESCRIPTOR_REMEDY;
    default:
      return "see dmesg";
  }
}

/** For a step outside the container: a limit that the kernel refuses, or a cgroup. */
export function outsideFailure(step: CgroupStep, errno: number): Failure {
  return new Failure(`${callOf(step)}: ${errnoText(errno)}`, {
    code: step.op === "CGROUP_WRITE" ? "limit-unavailable" : "cgroup-refused",
    remedy: outsideRemedy(step, errno),
  });
}

function outsideRemedy(step: CgroupStep, errno: number): string {
  switch (errno) {
    case ERRNO.ENOENT:
      return "this kernel was built or started without that limit, as without swapaccount=1; leave it out";
    case ERRNO.EBUSY:
      return `${step.cgroup} has processes of its own, and then the kernel limits none below it; start tinydocker in another cgroup`;
    case ERRNO.EROFS:
      return "mount -o remount,rw the cgroup file system, as inside another container";
    case ERRNO.EACCES:
    case ERRNO.EPERM:
      return profileRemedy(restrictions()) ?? "run tinydocker as root on the machine itself, or without that limit";
    case ERRNO.ENOSPC:
      return "this machine has as many cgroups as it may: see cgroup.max.descendants";
    default:
      return "see cgroups(7) for what the kernel accepts there";
  }
}

/** For a failed step of the plan; undefined when the init failed before its first one. `where`: what the command is looked up in. */
export function stepFailure(
  step: Step | undefined,
  errno: number,
  object: string,
  spec: ContainerSpec,
  where = `the image ${imageName(spec)}`,
): Failure {
  if (!step) return new Failure(`the container's init can't read its plan: ${errnoText(errno)}`, { code: "internal" });
  if (step.op === "EXEC") return commandFailure(errno, object, where);
  if (step.op === "CHDIR") {
    return new Failure(`can't enter the working directory ${spec.process.cwd}: ${errnoText(errno)}`, {
      code: "workdir-unusable",
      exitCode: 126,
      remedy: workdirRemedy(errno),
    });
  }
  if (step.reason === "joinOther" && errno === ERRNO.ESRCH)
    return new Failure("the container that it joins ended meanwhile", { code: "container-not-running" });
  if (step.op === "OPEN_BELOW") return subpathFailure(step, errno);
  if (step.op === "UNSHARE") return unshareFailure(step, errno, hasUserNamespace(spec.linux));
  const remedy = stepRemedy(step, errno) ?? rightsRemedy(errno, spec);
  return new Failure(`${callOf(step)}: ${causeOf(step, errno, object)}`, {
    code: stepCode(step, errno),
    ...(remedy !== undefined && { remedy }),
    ...noRoom(step, errno, object, spec.mounts),
  });
}

function workdirRemedy(errno: number): string {
  if (errno === ERRNO.ENOENT) return "make it in the container first, or name another one with -w";
  if (errno === ERRNO.ENOTDIR) return "a part of that path is a file: name a directory with -w";
  return "let the command's user enter it, or name another one with -w";
}

/** clone3 would have failed for the same reason. */
function unshareFailure(step: Step, errno: number, userNamespace: boolean): Failure {
  const remedy = cloneRemedy("clone", errno, userNamespace);
  return new Failure(`${callOf(step)}: ${errnoText(errno)}`, { code: cloneCode(errno), remedy });
}

function subpathFailure({ path, directory }: Step & { op: "OPEN_BELOW" }, errno: number): Failure {
  const volume = directory.split("/").at(-2) ?? directory;
  const message = `can't mount ${path} of the volume ${volume}: ${errnoText(errno)}`;
  const remedy = "make it first, in a container that mounts the whole volume";
  return new Failure(message, { code: "mount-source-missing", ...(errno === ERRNO.ENOENT ? { remedy } : {}) });
}

/** `object`: what was in the way, if that is known. */
function causeOf(step: Step, errno: number, object: string): string {
  if (errno === ERRNO.ELOOP) return `${object || "it"} leads in a circle of symbolic links, or to an open file`;
  if (object === "") return errnoText(errno);
  if (errno === ERRNO.ENOTDIR) return `${object} is a file, and must be a directory`;
  if (errno === ERRNO.EISDIR) return `${object} is a directory, and must be a file`;
  return "path" in step && step.path === object ? errnoText(errno) : `${errnoText(errno)}: ${object}`;
}

function stepCode({ op, reason }: Step, errno: number): FailureCode {
  if (reason === "keyring" && errno === ERRNO.EDQUOT) return "limit-reached";
  if (op === "NETLINK") return "network-refused";
  if (reason === "workdir") return "workdir-unusable";
  return reason === "overlay" || reason === "hostEntry" ? "overlay-refused" : "setup-failed";
}

/** AppArmor may let a process make namespaces, and then refuse what root does in them. */
function rightsRemedy(errno: number, { linux }: ContainerSpec): string | undefined {
  if (errno !== ERRNO.EPERM && errno !== ERRNO.EACCES) return undefined;
  return hasUserNamespace(linux) ? apparmorRemedy(restrictions()) : profileRemedy(restrictions());
}

/** docker's rules let no container call pivot_root and keyctl, whatever its capabilities are. */
const FILTERED_REMEDY =
  "a seccomp filter refuses it, as inside another container: start the outer one with --security-opt seccomp=unconfined";

function stepRemedy(step: Step, errno: number): string | undefined {
  if ((step.op === "REAPER" || step.op === "CLONE") && errno === ERRNO.EAGAIN)
    return "the container has as many processes as it may: allow it more with --pids-limit, or its user with --ulimit nproc";
  switch (step.reason) {
    case "overlay":
    case "hostEntry":
      return overlayRemedy(errno);
    case "proc":
      return errno === ERRNO.EPERM
        ? "parts of /proc are hidden here, as inside another container, and then the kernel lets only the machine's root mount it: " +
            "start the outer container with --security-opt systempaths=unconfined"
        : undefined;
    case "target":
      return isMistake(errno)
        ? "change the image, or mount a directory on a directory and a file on a file"
        : undefined;
    case "tmpfs":
      return errno === ERRNO.EINVAL ? "the kernel refuses one of its options: see tmpfs(5)" : undefined;
    case "device":
    case "deviceAsked":
      return "tinydocker bind mounts this device from the host's /dev, where it must exist";
    case "sysctl":
      return errno === ERRNO.ENOENT
        ? "this kernel has no such setting for a namespace of its own"
        : "the kernel refuses this value, or lets the container not change it";
    case "seccomp":
    case "seccompFile":
      return seccompRemedy(errno);
    case "ulimit":
      return errno === ERRNO.EPERM
        ? "it may not be above the hard limit of the caller, ulimit -H, nor nofile above fs.nr_open, which sysctl shows"
        : undefined;
    case "oomScore":
      return errno === ERRNO.EACCES ? "only a process with CAP_SYS_RESOURCE may lower it" : undefined;
    case "pivot":
      return errno === ERRNO.EPERM ? FILTERED_REMEDY : undefined;
    case "keyring":
      if (errno === ERRNO.EPERM) return FILTERED_REMEDY;
      return errno === ERRNO.EDQUOT ? "raise /proc/sys/kernel/keys/maxkeys, or end containers of this user" : undefined;
    default:
      return undefined;
  }
}

function seccompRemedy(errno: number): string | undefined {
  return errno === ERRNO.ENOSYS || errno === ERRNO.EINVAL
    ? "this kernel was built without CONFIG_SECCOMP_FILTER; --security-opt seccomp=unconfined runs without a filter"
    : undefined;
}

function isMistake(errno: number): boolean {
  return errno === ERRNO.ENOTDIR || errno === ERRNO.EISDIR || errno === ERRNO.ELOOP;
}

function overlayRemedy(errno: number): string {
  switch (errno) {
    case ERRNO.ENODEV:
      return "this kernel has no overlayfs: modprobe overlay";
    case ERRNO.EPERM:
      return "this kernel lets only root mount an overlay; run tinydocker as root";
    default:
      return "see dmesg for the reason, or set TINYDOCKER_ROOT to a directory on another file system";
  }
}

/** Turns a failed system call on the host's files, where they were to be changed, into a Failure that names them, or else the place; returns any other error as it is. */
export function hostFailure(error: unknown, doing = "store the container's state", place?: string): unknown {
  if (!(error instanceof Error) || error instanceof Failure || !("syscall" in error)) return error;
  const { errno, path: named, syscall } = error as NodeJS.ErrnoException;
  // Of mkdtemp, it is a name that never was.
  const path = syscall === "mkdtemp" && named ? dirname(named) : (named ?? place);
  if (lacksDescriptors(-(errno ?? 0)))
    return new Failure(`can't open ${path ?? "a file"}: ${errnoText(-(errno ?? 0))}`, {
      code: "limit-reached",
      remedy: DESCRIPTOR_REMEDY,
      cause: error,
    });
  const isNoSpace = -(errno ?? 0) === ERRNO.ENOSPC;
  const remedy = isNoSpace
    ? "free some space there, or set TINYDOCKER_ROOT to another directory"
    : "make it writable for this user, or set TINYDOCKER_ROOT to another directory";
  return new Failure(`can't ${doing}${path ? ` in ${path}` : ""}: ${errnoText(-(errno ?? 0))}`, {
    code: isNoSpace ? "no-space" : "state-unwritable",
    remedy,
    cause: error,
  });
}

/** How a process ended. */
export function statusText(status: ExitStatus): string {
  return status.signal === null ? `exit code ${status.code}` : `killed by ${status.signal}`;
}
