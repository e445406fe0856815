import { deviceHierarchy } from "../cgroup/plan.ts";
import type { Reason } from "../explain/reason.ts";
import { AT, MS } from "../linux.ts";
import { isOfDevices } from "../spec/mount-requests/bind.ts";
import { type Mount, mountArguments, mountAttributes } from "../spec/mounts.ts";
import type { Namespaces } from "../spec/namespaces.ts";
import { DEFAULT_DEVICES } from "../spec/security/device.ts";
import { isSharedMemory } from "../spec/sharing.ts";
import { cgroupMounts } from "./cgroup-mounts.ts";
import type { HostFacts } from "./host-facts.ts";
import type { Step } from "./step.ts";
import { mountsInFirst } from "./user-namespace.ts";

export function isBind(mount: Mount): boolean {
  return mount.type === "bind";
}

/** What of a mount is made while the host's root can still be reached: it is not attached yet. */
export function mountSource(mount: Mount, slot: number, linux: Namespaces, host: HostFacts): Step[] {
  if (mount.container !== undefined) return [];
  if (isBind(mount)) return bindSource(mount, slot, limitsDevices(linux, host));
  return needsHost(mount) ? [newFileSystem(mount, slot, linux, host)] : [];
}

/** Without root the kernel makes these only where those of the host can be seen. */
function needsHost({ type }: Mount): boolean {
  return type === "proc" || type === "sysfs";
}

/** A cgroup has rules for devices, or else, in a user namespace, the kernel lets the caller use only what it could anyway. */
function limitsDevices(linux: Namespaces, host: HostFacts): boolean {
  return !mountsInFirst(linux, host) || deviceHierarchy(host.cgroups) !== undefined;
}

/** `limited`: something limits the use of devices. */
function bindSource(mount: Mount, slot: number, limited: boolean): Step[] {
  const { options, source } = mount;
  const isUnlimited = !limited && isOfDevices(source) && !DEFAULT_DEVICES.some(({ path }) => path === source);
  const { itself, recursive } = mountAttributes([...options, ...(isUnlimited ? ["rnodev"] : [])]);
  const limit = (attributes: number, flags: number): Step[] =>
    attributes === 0 ? [] : [{ op: "SETATTR", slot, attributes, flags, reason: "bindLimits" }];
  return [
    ...(propagationOf(mount) ? [] : [openBind(mount, slot)]),
    ...limit(recursive, AT.AT_RECURSIVE),
    ...limit(itself, 0),
  ];
}

function openBind({ options, source, subpath }: Mount, slot: number): Step {
  const flags = options.includes("rbind") ? AT.AT_RECURSIVE : 0;
  if (subpath !== undefined)
    return { op: "OPEN_BELOW", slot, flags, directory: source, path: subpath, reason: "subpath" };
  return { op: "OPEN_TREE", slot, flags, device: 0, path: source, reason: "bindSource" };
}

/** Before the mounts are made private: of those that the host's mounts shall reach, or whose own shall reach the host. */
export function propagatedSource(mount: Mount, slot: number): Step[] {
  const propagation = propagationOf(mount);
  if (!propagation) return [];
  const flags = propagation.startsWith("r") ? AT.AT_RECURSIVE : 0;
  const type = propagation.endsWith("shared") ? MS.MS_SHARED : MS.MS_SLAVE;
  return [openBind(mount, slot), { op: "PROPAGATE", slot, propagation: type, flags, reason: "propagation" }];
}

function propagationOf({ type, options }: Mount): string | undefined {
  return type === "bind" ? options.find((option) => /^r?(shared|slave)$/.test(option)) : undefined;
}

/** The path of what is mounted. */
export function sourceOf({ source, subpath }: Mount): string {
  return subpath === undefined ? source : `${source}/${subpath}`;
}

function newFileSystem(mount: Mount, slot: number, linux: Namespaces, host: HostFacts): Step {
  const { type, options } = mount;
  const { itself } = mountAttributes(options);
  return { op: "FSMOUNT", slot, attributes: itself, type, reason: reasonOf(mount), ...excuseOf(mount, linux, host) };
}

/** Attaches it at its destination, wherever the image's links lead. */
export function mountTarget(mount: Mount, slot: number, linux: Namespaces, host: HostFacts): Step[] {
  if (mount.type === "cgroup" && !host.cgroup2)
    return mountsInFirst(linux, host) ? cgroupMounts(mount, host.cgroups.hierarchies) : [];
  const { destination } = mount;
  const excuse = excuseOf(mount, linux, host);
  const reason = reasonOf(mount);
  return [
    isBind(mount) && host.fileSources.includes(sourceOf(mount))
      ? { op: "TOUCH", mode: 0o644, path: destination, reason: "target" }
      : { op: "MKDIR", mode: copiesMode(mount) ? TMPFS_MODE : 0o755, path: destination, reason: "target", ...excuse },
    isBind(mount) || needsHost(mount)
      ? { op: "MOVE_MOUNT", slot, path: destination, reason, ...excuse }
      : { ...mountThere(mount), reason, ...excuse },
  ];
}

function mountThere(mount: Mount) {
  const { type, source, destination: target } = mount;
  const { flags, data } = mountArguments(mount.options);
  return copiesMode(mount)
    ? ({ op: "TMPFS", flags, target, data } as const)
    : ({ op: "MOUNT", flags, source, target, type: type === "cgroup" ? "cgroup2" : type, data } as const);
}

/** tmpfs(5)'s default. */
const TMPFS_MODE = 0o1777;

/** As with docker, a tmpfs has the mode of the image's directory, unless it was requested with another one. */
function copiesMode({ type, options }: Mount): boolean {
  return type === "tmpfs" && !options.some((option) => option.startsWith("mode="));
}

/** Some programs need these, but no protection does. */
function excuseOf({ type }: Mount, linux: Namespaces, host: HostFacts): { readonly excusedBy?: "any" } {
  // Without root the kernel makes a sysfs only if all of the host's is visible.
  const isDispensable = type === "mqueue" || type === "cgroup" || (type === "sysfs" && !mountsInFirst(linux, host));
  return isDispensable ? { excusedBy: "any" } : {};
}

/** What is mounted of a container whose namespace is joined: before the init's own root is made. `joins`: the slots of those. */
export function otherSource(
  { container, source: path }: Mount,
  slot: number,
  joins: ReadonlyMap<string, number>,
): Step[] {
  const process = joins.get(container ?? "");
  return process === undefined ? [] : [{ op: "OPEN_IN", slot, process, path, reason: "shmShared" }];
}

/** The container's own, by destination; the others were requested. */
const REASONS: Readonly<Record<string, Reason>> = {
  "/proc": "proc",
  "/dev": "dev",
  "/dev/pts": "devpts",
  "/dev/shm": "shm",
  "/dev/mqueue": "mqueue",
  "/sys": "sysfs",
  "/sys/fs/cgroup": "cgroup",
};

function reasonOf(mount: Mount): Reason {
  if (isSharedMemory(mount)) return "shmShared";
  return isBind(mount) ? "bind" : (REASONS[mount.destination] ?? "tmpfs");
}
