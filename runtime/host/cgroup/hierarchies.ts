import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { CgroupFacts, Hierarchy } from "../../cgroup/hierarchy.ts";
import { limitsV2 } from "../../cgroup/limits.ts";
import { type Place, sharedCgroup } from "../../cgroup/place.ts";
import type { Resources } from "../../spec/limits/resources.ts";
import { isFirstUserNamespace } from "../users/identity.ts";
import { type MountedHierarchy, mountedHierarchies } from "./mounts.ts";
import { delegatedDirectory } from "./systemd.ts";

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

/** Where this user's containers have cgroups. */
export function cgroupPlaces(): Place[] {
  const isRoot = isFirstUserNamespace() && process.geteuid?.() === 0;
  return hierarchies(isRoot, false).flatMap(({ version, directory }) =>
    directory === undefined ? [] : [{ version, directory }],
  );
}

/** `root`: this is the machine's root. */
function hierarchies(root: boolean, limited: boolean): Hierarchy[] {
  const text = (file: string) => readFileSync(`/proc/self/${file}`, "utf8");
  const mounted = mountedHierarchies(text("cgroup"), text("mountinfo"));
  const directoryOf = root ? rootsDirectory(mounted.length === 1) : directoryIn;
  return mounted.map((one) => hierarchy(one, directoryOf(one), limited));
}

/** The machine's root may make cgroups at the top, but where systemd manages them, only below what that delegates. */
function rootsDirectory(isUnified: boolean) {
  return ({ mount }: MountedHierarchy) => (isUnified && mount && delegatedDirectory(mount)) || mount;
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
  const made = directory === mount || existsSync(directory);
  const toDelegate = made ? {} : ({ toDelegate: true } as const);
  if (!limited) return { version, controllers: [], directory, ...toDelegate };
  const listed = (path: string) => wordsIn(join(directory, path));
  const ours = join(sharedCgroup(directory), "cgroup.subtree_control");
  return {
    version,
    // Those that it will have.
    controllers: made ? listed("cgroup.controllers") : wordsIn(join(mount ?? "", "cgroup.controllers")),
    directory,
    ...toDelegate,
    enabled: { here: listed("cgroup.subtree_control"), ours: wordsIn(ours) },
  };
}

/**
 * Another user may make cgroups below those given to that user, and be moved only from such a one to another; one with
 * processes of its own can't limit those below it.
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
