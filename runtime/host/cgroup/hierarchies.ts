import { accessSync, constants, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CgroupFacts, Hierarchy } from "../../cgroup/hierarchy.ts";
import { limitsV2 } from "../../cgroup/limits.ts";
import { sharedCgroup } from "../../cgroup/place.ts";
import type { Resources } from "../../spec/limits/resources.ts";
import { isFirstUserNamespace } from "../users/identity.ts";
import { type MountedHierarchy, mountedHierarchies } from "./mounts.ts";

/** What this machine's cgroups are, as far as a container with these limits needs to know. */
export function cgroupFacts(resources: Resources, name: string): CgroupFacts {
  const { cpu } = resources;
  const isFirst = isFirstUserNamespace();
  const online = (what: string) => readFileSync(`/sys/devices/system/${what}/online`, "utf8").trim();
  return {
    name,
    hierarchies: hierarchies(isFirst && process.geteuid?.() === 0, limitsV2(resources).length > 0),
    usesDevices: isFirst,
    processors: cpu.quota === undefined && cpu.cpus === undefined ? "" : online("cpu"),
    memoryNodes: cpu.mems === undefined ? "" : online("node"),
  };
}

/** `root`: this is the machine's root. */
function hierarchies(root: boolean, limited: boolean): Hierarchy[] {
  const text = (file: string) => readFileSync(`/proc/self/${file}`, "utf8");
  return mountedHierarchies(text("cgroup"), text("mountinfo")).map((mounted) =>
    hierarchy(mounted, root ? mounted.mount : directoryIn(mounted), limited),
  );
}

function hierarchy(
  { version, controllers, name, mount }: MountedHierarchy,
  directory: string | undefined,
  limited: boolean,
): Hierarchy {
  if (directory === undefined) return { version, controllers, ...(mount === undefined ? { unmounted: true } : {}) };
  if (version === 1) {
    const cpuset = controllers.includes("cpuset") ? { cpuset: cpusetOf(directory) } : {};
    return { version, controllers, directory, ...(name === undefined ? {} : { name }), ...cpuset };
  }
  if (!limited) return { version, controllers: [], directory };
  const listed = (path: string) => wordsIn(join(directory, path));
  const ours = join(sharedCgroup(directory), "cgroup.subtree_control");
  return {
    version,
    controllers: listed("cgroup.controllers"),
    directory,
    enabled: { here: listed("cgroup.subtree_control"), ours: wordsIn(ours) },
  };
}

/**
 * The machine's root may make cgroups at the top. Another user may below those given to that user, and be moved only from
 * such a one to another; one with processes of its own can't limit those below it.
 */
function directoryIn({ mount, own }: MountedHierarchy): string | undefined {
  if (mount === undefined) return undefined;
  const usable = ancestors(own)
    .map((path) => join(mount, path))
    .filter(isOurs);
  return usable.find((path) => wordsIn(join(path, "cgroup.procs")).length === 0) ?? usable[0];
}

/** `/a/b`, `/a`, `/` */
function ancestors(path: string): string[] {
  return path === "/" ? ["/"] : [path, ...ancestors(dirname(path))];
}

function isOurs(cgroup: string): boolean {
  try {
    for (const path of [cgroup, join(cgroup, "cgroup.procs")]) accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function cpusetOf(directory: string): { cpus: string; mems: string } {
  const of = (file: string) => readFileSync(join(directory, file), "utf8").trim();
  return { cpus: of("cpuset.cpus"), mems: of("cpuset.mems") };
}

/** Empty if the file does not exist. */
function wordsIn(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}
