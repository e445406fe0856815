import { join } from "node:path";
import { capabilityMask } from "./capability.ts";
import { type Mount, mountArguments } from "./mounts.ts";
import { escapeOption, lowerDirectories } from "./overlay.ts";
import type { HostEntry } from "./rootless-host.ts";
import type { ContainerSpec, Namespace } from "./spec.ts";
import type { Plan, Step } from "./step.ts";

/** Where a container's parts lie on the host, and what the host's file systems ask for. */
export interface Ground {
  /** The container's own directory, empty; everything it makes outside lies below. */
  readonly directory: string;
  /** Holds every container's directory; real path. */
  readonly stateRoot: string;
  readonly rootless: boolean;
  /** Keep the upper layer in memory: the directory's file system can't be one. */
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
      { op: "PIVOT_ROOT", numbers: [OLD_ROOT_SLOT], texts: [join(ground.directory, "root")], reason: "pivot" },
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

function rootSteps(spec: ContainerSpec, ground: Ground): Step[] {
  const { directory } = ground;
  const [upper, work, root] = [join(directory, "upper"), join(directory, "work"), join(directory, "root")];
  const rootless = spec.image.host && ground.rootless;
  return [
    ...(ground.upperInMemory ? [scratch(directory)] : []),
    ...[upper, work, root].map((path) => mkdir(path, 0o755, "layers")),
    ...nameFiles(spec.hostname, join(upper, "etc")),
    ...(rootless
      ? rootlessHost(ground, { upper, work, root })
      : [overlay(spec.image.layers, upper, work, root, ground.rootless, "overlay")]),
  ];
}

function scratch(directory: string): Step {
  return { op: "MOUNT", numbers: [0], texts: ["tmpfs", directory, "tmpfs", "mode=755"], reason: "scratch" };
}

function mkdir(path: string, mode: number, reason: Step["reason"]): Step {
  return { op: "MKDIR", numbers: [mode], texts: [path], reason };
}

/** Written into the upper layer while it is a plain directory: no symlink of the image can be in the way. */
function nameFiles(hostname: string, etc: string): Step[] {
  const hosts = `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t${hostname}\n`;
  return [
    { op: "WRITE", numbers: [0o644], texts: [join(etc, "hosts"), hosts], reason: "names" },
    { op: "WRITE", numbers: [0o644], texts: [join(etc, "hostname"), `${hostname}\n`], reason: "names" },
  ];
}

function overlay(
  layers: readonly string[],
  upper: string,
  work: string,
  target: string,
  rootless: boolean,
  reason: Step["reason"],
): Step {
  const data = [
    `lowerdir=${lowerDirectories(layers)}`,
    `upperdir=${escapeOption(upper)}`,
    `workdir=${escapeOption(work)}`,
    // It is thrown away after the run, so nothing in it need reach the disk.
    "volatile",
    // Without root, overlayfs keeps its marks in user.* attributes; with it, the host's defaults must not decide.
    ...(rootless ? ["userxattr"] : ["index=off", "metacopy=off"]),
  ].join(",");
  return { op: "MOUNT", numbers: [0], texts: ["overlay", target, "overlay", data], reason };
}

/** Without root, overlayfs refuses a lower layer with mounts of the host below it: one overlay for each part without. */
function rootlessHost(ground: Ground, at: { upper: string; work: string; root: string }): Step[] {
  return [
    { op: "MOUNT", numbers: [MS_BIND], texts: [at.root, at.root, "", ""], reason: "rootBind" },
    ...ground.hostEntries.flatMap((entry): Step[] => {
      const [target, source] = [join(at.root, entry.name), join("/", entry.name)];
      if (entry.kind === "symlink")
        return [{ op: "SYMLINK", numbers: [], texts: [entry.target, target], reason: "hostEntry" }];
      if (entry.kind === "empty") return [mkdir(target, entry.mode, "hostEntry")];
      const [upper, work] = [join(at.upper, entry.name), join(at.work, entry.name)];
      return [
        ...[target, upper, work].map((path) => mkdir(path, 0o755, "hostEntry")),
        overlay([source], upper, work, target, true, "hostEntry"),
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
