import { unescapeMountinfo } from "../mountinfo.ts";

/** A hierarchy that this process is in, and where it is mounted. */
export interface MountedHierarchy {
  readonly version: 1 | 2;
  /** Of version 1; version 2 lists its own in a file. */
  readonly controllers: readonly string[];
  /** Of one that has none. */
  readonly name?: string;
  /** Absent if it is not mounted here, or only to be read. */
  readonly mount?: string;
  /** This process's cgroup, below that. */
  readonly own: string;
}

/** From /proc/self/cgroup and /proc/self/mountinfo: cgroups(7), proc_pid_mountinfo(5). */
export function mountedHierarchies(cgroup: string, mountinfo: string): MountedHierarchy[] {
  const mounts = mountinfo.split("\n").flatMap(cgroupMount);
  return cgroup.split("\n").flatMap((line) => {
    const [, id, names = "", path = ""] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? [];
    if (id === undefined) return [];
    const version = id === "0" ? 2 : 1;
    const options = names.split(",").filter(Boolean);
    const mount = mounts.find((one) => one.version === version && options.every((name) => one.options.includes(name)));
    const name = options.find((option) => option.startsWith("name="))?.slice("name=".length);
    return [
      {
        version,
        controllers: options.filter((name) => !name.startsWith("name=")),
        ...(name === undefined ? {} : { name }),
        own: mount ? below(mount.root, path) : path,
        ...(mount ? { mount: mount.point } : {}),
      },
    ];
  });
}

interface CgroupMount {
  readonly version: 1 | 2;
  /** The cgroup that the mount shows as its root. */
  readonly root: string;
  readonly point: string;
  readonly options: readonly string[];
}

function cgroupMount(line: string): CgroupMount[] {
  // A machine may have thousands of other mounts.
  if (!line.includes(" - cgroup")) return [];
  const [mount = "", filesystem = ""] = line.split(" - ");
  const [type = "", , options = ""] = filesystem.split(" ");
  const [, , , root = "", point = "", flags = ""] = mount.split(" ");
  if (!/^cgroup2?$/.test(type) || isReadOnly(flags) || isReadOnly(options)) return [];
  const version = type === "cgroup2" ? 2 : 1;
  return [{ version, root: unescapeMountinfo(root), point: unescapeMountinfo(point), options: options.split(",") }];
}

function isReadOnly(options: string): boolean {
  return options.split(",").includes("ro");
}

/** `/a/b` below `/a` is `/b`; what is not below it can't be reached through that mount. */
function below(root: string, path: string): string {
  const parent = root === "/" ? "" : root;
  return path.startsWith(`${parent}/`) && !path.startsWith("/..") ? path.slice(parent.length) : "/";
}
