import type { Hierarchy } from "../cgroup/hierarchy.ts";
import { type Mount, mountArguments } from "../spec/mounts.ts";
import type { Step } from "./step.ts";

/** What programs expect there; all that it has are directories. */
const TMPFS_DATA = "mode=755,size=64k";
/** Some programs read their limits there, but no protection depends on it. */
const DISPENSABLE = { reason: "cgroup", excusedBy: "any" } as const;

/**
 * Each hierarchy of cgroup v1 at a directory of its own, as systemd and docker mount them. The cgroup namespace makes the
 * container's cgroup the root of each: so those in which it has none of its own are left out.
 */
export function cgroupMounts({ destination, options }: Mount, hierarchies: readonly Hierarchy[]): Step[] {
  const { flags } = mountArguments(options);
  const own = hierarchies.filter(({ directory }) => directory !== undefined);
  if (own.length === 0) return [];
  const isReadonly = options.includes("ro");
  return [
    { op: "MKDIR", mode: 0o755, path: destination, ...DISPENSABLE },
    { ...directoryOf(destination), flags: mountArguments(options.filter((option) => option !== "ro")).flags },
    ...own.flatMap((hierarchy) => hierarchyAt(`${destination}/${nameOf(hierarchy)}`, hierarchy, flags)),
    ...own.flatMap((hierarchy) => controllerLinks(destination, hierarchy)),
    ...(isReadonly ? [{ op: "MOUNT_RDONLY", path: destination, ...DISPENSABLE } as const] : []),
  ];
}

function directoryOf(target: string) {
  return { op: "MOUNT", source: "cgroup", target, type: "tmpfs", data: TMPFS_DATA, ...DISPENSABLE } as const;
}

function hierarchyAt(target: string, { version, controllers, name }: Hierarchy, flags: number): Step[] {
  const type = version === 2 ? "cgroup2" : "cgroup";
  const data = version === 2 ? "" : controllers.length > 0 ? controllers.join(",") : `none,name=${name}`;
  return [
    { op: "MKDIR", mode: 0o755, path: target, ...DISPENSABLE },
    { op: "MOUNT", flags, source: "cgroup", target, type, data, ...DISPENSABLE },
  ];
}

function nameOf({ version, controllers, name = "unified" }: Hierarchy): string {
  return version === 1 && controllers.length > 0 ? controllers.join(",") : name;
}

/** `cpu` and `cpuacct` where both are mounted as `cpu,cpuacct`. */
function controllerLinks(directory: string, { version, controllers }: Hierarchy): Step[] {
  if (version === 2 || controllers.length < 2) return [];
  const target = controllers.join(",");
  return controllers.map((controller) => {
    return { op: "SYMLINK", target, path: `${directory}/${controller}`, ...DISPENSABLE };
  });
}
