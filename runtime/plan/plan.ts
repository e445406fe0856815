import { join } from "node:path";
import type { HostEntry } from "../host/root-entries.ts";
import { capabilityMask } from "../spec/capability.ts";
import { type Mount, mountArguments } from "../spec/mounts.ts";
import type { ContainerSpec, Namespace } from "../spec/spec.ts";
import { escapeOption, lowerDirectories } from "./overlay.ts";
import type { Plan, Step } from "./step.ts";

/** Where a container's parts lie on the host, and what the host's file systems ask for. */
export interface Ground {
  /** The upper layer, and where the root is mounted, on top of it. There is none yet. */
  readonly upper: string;
  /** overlayfs's own, on the same file system. There is none yet. */
  readonly work: string;
  /** An empty directory, the same for all: each mounts a memory of its own there, in its own mount namespace. */
  readonly memory: string;
  /** Holds all of these, and other containers'; real path. */
  readonly stateRoot: string;
  readonly rootless: boolean;
  /** Keep the upper layer in memory: the file system of `upper` can't be one. */
  readonly upperInMemory: boolean;
  /** What stands for the machine's root without root; empty otherwise. */
  readonly hostEntries: readonly HostEntry[];
}

/** linux/sched.h */
const CLONE: Readonly<Record<Namespace, number>> = {
  mount: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  user: 0x10000000,
  pid: 0x20000000,
  network: 0x40000000,
};

// linux/mount.h and linux/fcntl.h
const MS_NODEV = 4;
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_PRIVATE = 1 << 18;
const MOUNT_ATTR_RDONLY = 0x1;
const MOUNT_ATTR: Readonly<Record<string, number>> = { ro: MOUNT_ATTR_RDONLY, nosuid: 0x2, nodev: 0x4, noexec: 0x8 };
const AT_RECURSIVE = 0x8000;
const RLIMIT = { RLIMIT_NOFILE: 7 } as const;

const OLD_ROOT_SLOT = 0;
const FIRST_SLOT = 1;

/** Every step from the new namespaces to the command, in order. Pure. */
export function planOf(spec: ContainerSpec, ground: Ground): Plan {
  const binds = spec.mounts.filter(isBind);
  const deviceSlot = FIRST_SLOT + binds.length;
  return {
    namespaces: spec.linux.namespaces.reduce((flags, namespace) => flags | CLONE[namespace], 0),
    steps: [
      { op: "MOUNT", numbers: [MS_REC | MS_PRIVATE], texts: ["", "/", "", ""], reason: "private" },
      ...rootSteps(spec, ground),
      ...binds.flatMap((mount, i) => bindSource(mount, FIRST_SLOT + i)),
      ...spec.linux.devices.flatMap((device, i) => openDevice(device, deviceSlot + i)),
      { op: "PIVOT_ROOT", numbers: [OLD_ROOT_SLOT], texts: [layersOf(spec, ground).root], reason: "pivot" },
      // The host's /proc and /sys must still be there: without root the kernel mounts only what is already in sight.
      ...spec.mounts.filter((mount) => !isBind(mount)).flatMap(mountSteps),
      { op: "DETACH", numbers: [OLD_ROOT_SLOT], texts: [], reason: "detach" },
      ...spec.linux.devices.flatMap((device, i) => placeDevice(device.path, deviceSlot + i)),
      ...deviceLinks(),
      ...binds.flatMap((mount, i) => bindSteps(mount, FIRST_SLOT + i)),
      ...pathSteps(spec, ground),
      ...machineSteps(spec),
      ...processSteps(spec, ground),
    ],
  };
}

function isBind(mount: Mount): boolean {
  return mount.type === "bind";
}

/** The upper layer, its work directory, a topmost lower layer with the container's name, and where the root is mounted. */
interface Layers {
  readonly upper: string;
  readonly work: string;
  readonly names: string;
  readonly root: string;
}

function layersOf(spec: ContainerSpec, ground: Ground): Layers {
  const { memory } = ground;
  const upper = ground.upperInMemory ? join(memory, "upper") : ground.upper;
  const work = ground.upperInMemory ? join(memory, "work") : ground.work;
  // An overlay is mounted on its own upper layer, which saves a directory; but parts of one can't lie on each other.
  const root = isInParts(spec, ground) ? join(memory, "root") : upper;
  return { upper, work, names: join(memory, "names"), root };
}

/** Without root, overlayfs refuses a lower layer with mounts of the host below it: one overlay for each part without. */
function isInParts(spec: ContainerSpec, ground: Ground): boolean {
  return spec.image.host && ground.rootless;
}

function rootSteps(spec: ContainerSpec, ground: Ground): Step[] {
  const layers = layersOf(spec, ground);
  return [
    { op: "MOUNT", numbers: [0], texts: ["tmpfs", ground.memory, "tmpfs", "mode=755"], reason: "memory" },
    ...nameFiles(spec.hostname, join(layers.names, "etc")),
    mkdir(layers.upper, 0o755, ground.upperInMemory ? "upperInMemory" : "layers"),
    mkdir(layers.work, 0o700, ground.upperInMemory ? "upperInMemory" : "layers"),
    ...(isInParts(spec, ground)
      ? rootInParts(ground.hostEntries, layers)
      : [overlay([layers.names, ...spec.image.layers], layers, ground.rootless, "overlay")]),
  ];
}

function mkdir(path: string, mode: number, reason: Step["reason"]): Step {
  return { op: "MKDIR", numbers: [mode], texts: [path], reason };
}

/** In a layer of their own: no symlink of the image can be in the way. */
function nameFiles(hostname: string, etc: string): Step[] {
  const hosts = `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t${hostname}\n`;
  return [
    { op: "WRITE", numbers: [0o644], texts: [join(etc, "hosts"), hosts], reason: "names" },
    { op: "WRITE", numbers: [0o644], texts: [join(etc, "hostname"), `${hostname}\n`], reason: "names" },
  ];
}

function overlay(
  lowers: readonly string[],
  { upper, work, root }: { upper: string; work: string; root: string },
  rootless: boolean,
  reason: Step["reason"],
): Step {
  const data = [
    `lowerdir=${lowerDirectories(lowers)}`,
    `upperdir=${escapeOption(upper)}`,
    `workdir=${escapeOption(work)}`,
    // It is thrown away after the run, so nothing in it need reach the disk.
    "volatile",
    // Without root, overlayfs keeps its marks in user.* attributes; with it, the host's defaults must not decide.
    ...(rootless ? ["userxattr"] : ["index=off", "metacopy=off"]),
  ].join(",");
  // Without a cgroup's device rules, this keeps what mknod makes from reaching the machine's disks.
  return { op: "MOUNT", numbers: [MS_NODEV], texts: ["overlay", root, "overlay", data], reason };
}

function rootInParts(entries: readonly HostEntry[], { upper, work, names, root }: Layers): Step[] {
  return [
    mkdir(root, 0o755, "target"),
    { op: "MOUNT", numbers: [MS_BIND], texts: [upper, root, "", ""], reason: "rootBind" },
    ...entries.flatMap((entry): Step[] => {
      const at = { upper: join(upper, entry.name), work: join(work, entry.name), root: join(root, entry.name) };
      if (entry.kind === "symlink")
        return [{ op: "SYMLINK", numbers: [], texts: [entry.target, at.root], reason: "hostEntry" }];
      if (entry.kind === "empty") return [mkdir(at.root, entry.mode, "hostEntry")];
      const lowers = [...(entry.name === "etc" ? [join(names, "etc")] : []), join("/", entry.name)];
      return [
        mkdir(at.upper, 0o755, "hostEntry"),
        mkdir(at.work, 0o700, "hostEntry"),
        overlay(lowers, at, true, "hostEntry"),
      ];
    }),
  ];
}

function bindSource(mount: Mount, slot: number): Step[] {
  const attributes = mount.options.reduce((sum, option) => sum | (MOUNT_ATTR[option] ?? 0), 0);
  const recursive = mount.options.includes("rbind") ? AT_RECURSIVE : 0;
  return [
    { op: "OPEN_TREE", numbers: [slot, recursive, 0], texts: [mount.source], reason: "bindSource" },
    ...(attributes === 0
      ? []
      : [{ op: "SETATTR", numbers: [slot, attributes, recursive], texts: [], reason: "bindLimits" } as const]),
  ];
}

function openDevice(device: { path: string; major: number; minor: number }, slot: number): Step[] {
  // A device number as stat(2) gives it, for those below 256.
  const number = device.major * 256 + device.minor;
  return [
    { op: "OPEN_TREE", numbers: [slot, 0, number], texts: [device.path], reason: "device" },
    { op: "SETATTR", numbers: [slot, MOUNT_ATTR_RDONLY, 0], texts: [], reason: "deviceNode" },
  ];
}

function placeDevice(path: string, slot: number): Step[] {
  return [
    { op: "TOUCH", numbers: [0o666], texts: [path], reason: "target" },
    { op: "MOVE_MOUNT", numbers: [slot], texts: [path], reason: "device" },
  ];
}

function mountSteps(mount: Mount): Step[] {
  const { flags, data } = mountArguments(mount.options);
  const optional = mount.optional ? { optional: true } : {};
  return [
    { ...mkdir(mount.destination, 0o755, "target"), ...optional },
    {
      op: "MOUNT",
      numbers: [flags],
      texts: [mount.source, mount.destination, mount.type, data],
      reason: mount.reason,
      ...optional,
    },
  ];
}

function deviceLinks(): Step[] {
  const links = [
    ["pts/ptmx", "/dev/ptmx"],
    ["/proc/self/fd", "/dev/fd"],
    ["/proc/self/fd/0", "/dev/stdin"],
    ["/proc/self/fd/1", "/dev/stdout"],
    ["/proc/self/fd/2", "/dev/stderr"],
  ];
  return links.map((texts) => ({ op: "SYMLINK", numbers: [], texts, reason: "link" }));
}

function bindSteps(mount: Mount, slot: number): Step[] {
  return [
    mount.file
      ? { op: "TOUCH", numbers: [0o644], texts: [mount.destination], reason: "target" }
      : mkdir(mount.destination, 0o755, "target"),
    { op: "MOVE_MOUNT", numbers: [slot], texts: [mount.destination], reason: mount.reason },
  ];
}

function pathSteps(spec: ContainerSpec, ground: Ground): Step[] {
  const { cwd } = spec.process;
  return [
    ...(cwd === "/" ? [] : [mkdir(cwd, 0o755, "workdir")]),
    ...spec.linux.readonlyPaths.map(
      (path): Step => ({ op: "READONLY", numbers: [], texts: [path], reason: "readonly" }),
    ),
    ...spec.linux.maskedPaths.map((path): Step => ({ op: "MASK", numbers: [], texts: [path], reason: "mask" })),
    ...(spec.image.host ? [{ op: "MASK", numbers: [], texts: [ground.stateRoot], reason: "maskState" } as const] : []),
    ...(spec.root.readonly ? [{ op: "ROOT_RDONLY", numbers: [], texts: [], reason: "rootReadonly" } as const] : []),
  ];
}

function machineSteps(spec: ContainerSpec): Step[] {
  const { terminal, user } = spec.process;
  const console: Step[] = [
    { op: "TOUCH", numbers: [0o600], texts: ["/dev/console"], reason: "target" },
    { op: "TERMINAL", numbers: [user.uid], texts: [], reason: "terminal" },
  ];
  return [
    { op: "SETHOSTNAME", numbers: [], texts: [spec.hostname], reason: "hostname" },
    { op: "LINK_UP", numbers: [], texts: ["lo"], reason: "loopback" },
    { op: "KEYRING", numbers: [], texts: [], reason: "keyring", optional: true },
    { op: "SETSID", numbers: [], texts: [], reason: "session" },
    ...(terminal ? console : []),
  ];
}

function processSteps(spec: ContainerSpec, ground: Ground): Step[] {
  const { user, args, env, cwd, rlimits, umask } = spec.process;
  const mask = capabilityMask(spec.process.capabilities);
  const groups = Buffer.from(new Uint32Array(user.additionalGids).buffer);
  const path = env.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? "";
  return [
    ...rlimits.map(
      ({ type, soft }): Step => ({ op: "RLIMIT", numbers: [RLIMIT[type], soft], texts: [], reason: "nofile" }),
    ),
    { op: "UMASK", numbers: [umask], texts: [], reason: "umask" },
    { op: "CAPBSET", numbers: [mask], texts: [], reason: "bounding" },
    // A user namespace without root may not change groups; the kernel demands that it says so.
    ...(ground.rootless ? [] : [{ op: "SETGROUPS", numbers: [], texts: [groups], reason: "groups" } as const]),
    { op: "SETGID", numbers: [user.gid], texts: [], reason: "identity" },
    { op: "SETUID", numbers: [user.uid], texts: [], reason: "identity" },
    { op: "CAPSET", numbers: [user.uid === 0 ? mask : 0n], texts: [], reason: "capabilities" },
    { op: "NO_NEW_PRIVS", numbers: [], texts: [], reason: "noNewPrivileges" },
    { op: "CHDIR", numbers: [], texts: [cwd], reason: "chdir" },
    { op: "EXEC", numbers: [], texts: [args, env, path], reason: "exec" },
  ];
}
