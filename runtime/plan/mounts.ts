import type { Reason } from "../explain/reason.ts";
import { AT } from "../linux.ts";
import { type Mount, mountArguments, mountAttributes } from "../spec/mounts.ts";
import { hasUserNamespace, type Namespaces } from "../spec/namespaces.ts";
import type { HostFacts } from "./host-facts.ts";
import type { Step } from "./step.ts";

export function isBind(mount: Mount): boolean {
  return mount.type === "bind";
}

/** Copies the mount while the host's paths can still be reached. */
export function bindSource({ options, source }: Mount, slot: number): Step[] {
  const { itself, recursive } = mountAttributes(options);
  const flags = options.includes("rbind") ? AT.AT_RECURSIVE : 0;
  const limit = (attributes: number, flags: number): Step[] =>
    attributes === 0 ? [] : [{ op: "SETATTR", slot, attributes, flags, reason: "bindLimits" }];
  return [
    { op: "OPEN_TREE", slot, flags, device: 0, path: source, reason: "bindSource" },
    ...limit(recursive, AT.AT_RECURSIVE),
    ...limit(itself, 0),
  ];
}

/** Attaches the copy at its destination. */
export function bindTarget({ source, destination }: Mount, slot: number, host: HostFacts): Step[] {
  return [
    host.fileSources.includes(source)
      ? { op: "TOUCH", mode: 0o644, path: destination, reason: "target" }
      : { op: "MKDIR", mode: 0o755, path: destination, reason: "target" },
    { op: "MOVE_MOUNT", slot, path: destination, reason: "bind" },
  ];
}

/** Mounts one of the container's own file systems. */
export function mountFileSystem(mount: Mount, linux: Namespaces, host: HostFacts): Step[] {
  const isCgroup = mount.type === "cgroup";
  if (isCgroup && !host.cgroup2) return [];
  const { source, destination } = mount;
  const { flags, data } = mountArguments(mount.options);
  const type = isCgroup ? "cgroup2" : mount.type;
  const excuse = isDispensable(mount, linux) ? ({ excusedBy: "any" } as const) : {};
  return [
    { op: "MKDIR", mode: 0o755, path: destination, reason: "target", ...excuse },
    { op: "MOUNT", flags, source, target: destination, type, data, reason: reasonOf(mount), ...excuse },
  ];
}

/** Some programs need these, but no protection does. */
function isDispensable({ type }: Mount, linux: Namespaces): boolean {
  // Without root the kernel mounts a sysfs only if all of the host's is visible.
  return type === "mqueue" || type === "cgroup" || (type === "sysfs" && hasUserNamespace(linux));
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

function reasonOf({ destination }: Mount): Reason {
  return REASONS[destination] ?? "tmpfs";
}
