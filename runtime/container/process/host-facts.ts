import { realpathSync, statfsSync, statSync } from "node:fs";
import { release } from "node:os";
import { limitsV2 } from "../../cgroup/limits.ts";
import { cgroupSteps } from "../../cgroup/plan.ts";
import { cgroupFacts } from "../../host/cgroup/hierarchies.ts";
import { rootEntries } from "../../host/root-entries.ts";
import { userNamespaceFacts } from "../../host/users/identity.ts";
import { CGROUP2_SUPER_MAGIC } from "../../linux.ts";
import type { HostFacts, NetworkFacts } from "../../plan/host-facts.ts";
import { isBind, sourceOf } from "../../plan/mounts.ts";
import type { ProcessFacts } from "../../plan/process.ts";
import { isInParts } from "../../plan/root.ts";
import { cgroupName } from "../../resources/cgroup.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import type { Places } from "../../state/places.ts";

type UpperLayer = Pick<HostFacts, "upperInMemory" | "upperKept">;

/** What planOf needs to know about this machine. */
export function hostFacts(spec: ContainerSpec, places: Places, layer: UpperLayer, network: NetworkFacts): HostFacts {
  const userNamespace = userNamespaceFacts();
  return {
    upper: places.upper,
    work: places.work,
    memory: places.memory,
    stateRoot: realpathSync.native(places.root),
    ...layer,
    ...processFacts(userNamespace),
    rootEntries: isInParts(spec, { userNamespace }) ? rootEntries() : [],
    fileSources: spec.mounts.filter(isBind).map(sourceOf).filter(isFile),
    cgroup2: hasCgroup2(),
    network,
    cgroups: cgroupFacts(spec.linux.resources, cgroupName(places)),
  };
}

/** What the steps of a process in a container depend on. */
export function processFacts(userNamespace = userNamespaceFacts()): ProcessFacts {
  return { machine: process.arch === "arm64" ? "aarch64" : "x86_64", kernel: release(), userNamespace };
}

/** Throws Failure for a limit that this machine can't apply, before anything is made. */
export function checkLimits(spec: ContainerSpec, places: Places): void {
  const { resources } = spec.linux;
  if (limitsV2(resources).length > 0) cgroupSteps(spec, cgroupFacts(resources, cgroupName(places)));
}

/** Anything but a directory. A source that no longer exists is reported by the step that opens it. */
function isFile(source: string): boolean {
  return statSync(source, { throwIfNoEntry: false })?.isDirectory() === false;
}

function hasCgroup2(): boolean {
  try {
    return statfsSync("/sys/fs/cgroup").type === CGROUP2_SUPER_MAGIC;
  } catch {
    return false;
  }
}
