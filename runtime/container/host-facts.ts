import { realpathSync, statfsSync, statSync } from "node:fs";
import { release } from "node:os";
import { rootEntries } from "../host/root-entries.ts";
import { CGROUP2_SUPER_MAGIC } from "../linux.ts";
import type { HostFacts, NetworkFacts } from "../plan/host-facts.ts";
import { isBind } from "../plan/mounts.ts";
import { isInParts } from "../plan/root.ts";
import type { ContainerSpec } from "../spec/spec.ts";

/** The directories of one container: see HostFacts. */
type Places = Pick<HostFacts, "upper" | "work" | "memory">;

type UpperLayer = Pick<HostFacts, "upperInMemory" | "upperKept">;

/** What planOf needs to know about this machine. `root` is the state directory. */
export function hostFacts(
  spec: ContainerSpec,
  { upper, work, memory }: Places,
  root: string,
  layer: UpperLayer,
  network: NetworkFacts,
): HostFacts {
  return {
    upper,
    work,
    memory,
    stateRoot: realpathSync.native(root),
    ...layer,
    rootEntries: isInParts(spec) ? rootEntries() : [],
    fileSources: spec.mounts.filter(isBind).flatMap(({ source }) => (isFile(source) ? [source] : [])),
    machine: process.arch === "arm64" ? "aarch64" : "x86_64",
    kernel: release(),
    cgroup2: hasCgroup2(),
    network,
  };
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
