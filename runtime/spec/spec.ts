import { statSync } from "node:fs";
import { posix } from "node:path";
import { Failure } from "../failure.ts";
import type { Image } from "../image/image.ts";
import { type Capability, DEFAULT_CAPABILITIES } from "./capability.ts";
import { environmentOf } from "./environment.ts";
import { bindMount, cgroupMount, defaultMounts, type Mount } from "./mounts.ts";
import { checkedName } from "./name.ts";
import type { User } from "./user.ts";

/** What to run, in the words of the OCI runtime-spec's config.json; complete, checked. */
export interface ContainerSpec {
  readonly name: string;
  readonly image: Image;
  readonly hostname: string;
  readonly root: { readonly readonly: boolean };
  readonly mounts: readonly Mount[];
  readonly process: {
    /** It gets a terminal of its own, shown on the caller's. */
    readonly terminal: boolean;
    readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] };
    readonly args: readonly string[];
    /** KEY=VALUE each. */
    readonly env: readonly string[];
    readonly cwd: string;
    readonly umask: number;
    /** Bounding set; root's permitted and effective set too. */
    readonly capabilities: readonly Capability[];
    /** Soft limits; the hard ones stay the caller's. */
    readonly rlimits: readonly { readonly type: "RLIMIT_NOFILE"; readonly soft: number }[];
  };
  readonly linux: {
    readonly namespaces: readonly Namespace[];
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly devices: readonly Device[];
  };
}

export type Namespace = "uts" | "pid" | "mount" | "network" | "ipc" | "cgroup" | "user";

/** A character device of the host, by linux/Documentation/admin-guide/devices.txt. */
export interface Device {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
}

/** What a caller asks for; every field but the first two may be left out. */
export interface RunRequest {
  readonly name: string;
  /** The command and its arguments. */
  readonly args: readonly string[];
  /** KEY=VALUE, or KEY to pass the caller's value on. */
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly hostname?: string;
  /** SRC:DST[:ro|rw] */
  readonly volumes?: readonly string[];
  readonly readonly?: boolean;
  readonly terminal?: boolean;
}

/** What of the caller and the machine decides, beyond the request. */
export interface Surroundings {
  /** No root here: a user namespace gives it, with one user in it. */
  readonly rootless: boolean;
  /** /sys/fs/cgroup is cgroup v2. */
  readonly cgroup2: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** moby's daemon/pkg/oci/defaults.go. */
const MASKED_PATHS = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];
const READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
const DEVICES: readonly Device[] = [
  { path: "/dev/null", major: 1, minor: 3 },
  { path: "/dev/zero", major: 1, minor: 5 },
  { path: "/dev/full", major: 1, minor: 7 },
  { path: "/dev/random", major: 1, minor: 8 },
  { path: "/dev/urandom", major: 1, minor: 9 },
  { path: "/dev/tty", major: 5, minor: 0 },
];
const NAMESPACES: readonly Namespace[] = ["uts", "pid", "mount", "network", "ipc", "cgroup"];
/** What a login has; Node raises its own to the hard limit, and some programs loop over all of them. */
const OPEN_FILES = 1024;
/** Each takes a slot of the plan, next to the devices (TD_SLOTS_MAX). */
const VOLUMES_MAX = 128;
/** As long as HOST_NAME_MAX of Linux; every container's name is one. */
const HOSTNAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;

/** The request made complete; touches nothing. Throws Failure (exit 125) for what can't be run. */
export function specOf(request: RunRequest, image: Image, user: User, surroundings: Surroundings): ContainerSpec {
  const { rootless, cgroup2 } = surroundings;
  const name = checkedName("container", request.name);
  const hostname = checkedHostname(request.hostname ?? name);
  const terminal = request.terminal ?? false;
  if (rootless && (user.uid !== 0 || user.gid !== 0)) throw otherUserWithoutRoot();
  const volumes = request.volumes ?? [];
  if (volumes.length > VOLUMES_MAX)
    throw new Failure(`at most ${VOLUMES_MAX} -v mounts, got ${volumes.length}`, { code: "usage" });
  return {
    name,
    image,
    hostname,
    root: { readonly: request.readonly ?? false },
    mounts: [
      ...defaultMounts(rootless),
      ...(cgroup2 ? [cgroupMount()] : []),
      ...volumes.map((volume) => bindMount(volume, surroundings.cwd)).map(checkedSource),
    ],
    process: {
      terminal,
      user: rootless ? { uid: 0, gid: 0, additionalGids: [] } : user,
      args: checkedArguments(request.args),
      env: environmentOf({ hostname, home: user.home, terminal }, request.env ?? [], surroundings.env),
      cwd: checkedDirectory(request.cwd ?? "/"),
      umask: 0o022,
      capabilities: DEFAULT_CAPABILITIES,
      rlimits: [{ type: "RLIMIT_NOFILE", soft: OPEN_FILES }],
    },
    linux: {
      namespaces: rootless ? [...NAMESPACES, "user"] : NAMESPACES,
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READONLY_PATHS,
      devices: DEVICES,
    },
  };
}

function checkedHostname(hostname: string): string {
  if (HOSTNAME.test(hostname)) return hostname;
  throw new Failure(`${JSON.stringify(hostname)} can't be a host name`, {
    code: "usage",
    remedy: "use 1 to 64 letters, digits, '.', '_' and '-', the first one a letter or a digit",
  });
}

function checkedArguments(args: readonly string[]): readonly string[] {
  if (args.length === 0)
    throw new Failure("there is no command to run", { code: "usage", remedy: "tinydocker run NAME CMD [ARG…]" });
  if (args.some((argument) => argument.includes("\0")))
    throw new Failure("an argument of the command holds a NUL byte", { code: "usage" });
  return args;
}

function checkedDirectory(path: string): string {
  if (path.startsWith("/") && !path.includes("\0")) return posix.normalize(path);
  throw new Failure(`the working directory ${JSON.stringify(path)} is not an absolute path`, {
    code: "usage",
    remedy: "give -w a path of the container that starts with /",
  });
}

function checkedSource(mount: Mount): Mount {
  try {
    return { ...mount, file: !statSync(mount.source).isDirectory() };
  } catch (error) {
    const why =
      error instanceof Error && "code" in error && error.code === "EACCES" ? "can't be reached" : "does not exist";
    throw new Failure(`the source of -v ${mount.source}:${mount.destination} ${why}`, {
      code: "mount-source-missing",
      cause: error,
    });
  }
}

function otherUserWithoutRoot(): Failure {
  return new Failure("without root a container has one user, who is root in it", {
    code: "root-required",
    remedy: "leave -u out, or run tinydocker as root",
  });
}
