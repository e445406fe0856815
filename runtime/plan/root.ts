import { MS } from "../linux.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { HostFacts, RootEntry } from "./host-facts.ts";
import { escapeOption, lowerDirectories } from "./overlay.ts";
import type { Step } from "./step.ts";
import { mountsInFirst } from "./user-namespace.ts";

/** The root, mounted but not yet entered. */
export function rootSteps(spec: ContainerSpec, host: HostFacts): Step[] {
  const layers = layersOf(spec, host);
  const reason = host.upperInMemory ? "upperInMemory" : "layers";
  return [
    { op: "MOUNT", flags: 0, source: "tmpfs", target: host.memory, type: "tmpfs", data: "mode=755", reason: "memory" },
    { op: "MKDIR", mode: 0o755, path: layers.upper, reason },
    { op: "MKDIR", mode: 0o700, path: layers.work, reason },
    ...(isInParts(spec, host)
      ? rootInParts(host.rootEntries, layers)
      : [overlay(spec.root.layers, layers, !mountsInFirst(spec.linux, host), "overlay")]),
  ];
}

/** Where rootSteps mounts it. */
export function rootOf(spec: ContainerSpec, host: HostFacts): string {
  return layersOf(spec, host).root;
}

/** The machine's own root is one of the layers. */
export function showsHostRoot(spec: ContainerSpec): boolean {
  return spec.root.layers.includes("/");
}

/** Without root, overlayfs refuses a lower layer with mounts of the host below it; each entry without gets its own overlay. */
export function isInParts(spec: ContainerSpec, host: Pick<HostFacts, "userNamespace">): boolean {
  return showsHostRoot(spec) && !mountsInFirst(spec.linux, host);
}

/** The upper layer, its work directory, and where the root is mounted. */
interface Layers {
  readonly upper: string;
  readonly work: string;
  readonly root: string;
  readonly kept: boolean;
}

function layersOf(spec: ContainerSpec, host: HostFacts): Layers {
  const { memory } = host;
  const upper = host.upperInMemory ? `${memory}/upper` : host.upper;
  const work = host.upperInMemory ? `${memory}/work` : host.work;
  // An overlay is mounted on its own upper layer, which saves a directory; a root in parts needs a separate one.
  return {
    upper,
    work,
    root: isInParts(spec, host) ? `${memory}/root` : upper,
    kept: host.upperKept,
  };
}

function overlay(
  lowers: readonly string[],
  { upper, work, root, kept }: Layers,
  userNamespace: boolean,
  reason: Step["reason"],
): Step {
  const data = [
    `lowerdir=${lowerDirectories(lowers)}`,
    `upperdir=${escapeOption(upper)}`,
    `workdir=${escapeOption(work)}`,
    // A layer that is removed after the run need not reach the disk.
    ...(kept ? [] : ["volatile"]),
    // Without root, overlayfs stores its marks in user.* attributes; as root, the host's defaults must not apply.
    ...(userNamespace ? ["userxattr"] : ["index=off", "metacopy=off"]),
  ].join(",");
  // Also where no cgroup can have rules for devices, this keeps nodes that mknod makes from reaching the machine's disks.
  return { op: "MOUNT", flags: MS.MS_NODEV, source: "overlay", target: root, type: "overlay", data, reason };
}

function rootInParts(entries: readonly RootEntry[], { upper, work, root, kept }: Layers): Step[] {
  // The upper layer of an earlier start has the symlink, or what the container replaced it with.
  const ifThere = kept ? ({ excusedBy: "EEXIST" } as const) : {};
  return [
    { op: "MKDIR", mode: 0o755, path: root, reason: "target" },
    { op: "MOUNT", flags: MS.MS_BIND, source: upper, target: root, type: "", data: "", reason: "rootBind" },
    ...entries.flatMap((entry): Step[] => {
      const at = {
        upper: `${upper}/${entry.name}`,
        work: `${work}/${entry.name}`,
        root: `${root}/${entry.name}`,
        kept,
      };
      if (entry.kind === "symlink") {
        return [{ op: "SYMLINK", target: entry.target, path: at.root, reason: "hostEntry", ...ifThere }];
      }
      if (entry.kind === "empty") return [{ op: "MKDIR", mode: entry.mode, path: at.root, reason: "hostEntry" }];
      return [
        { op: "MKDIR", mode: 0o755, path: at.upper, reason: "hostEntry" },
        { op: "MKDIR", mode: 0o700, path: at.work, reason: "hostEntry" },
        overlay([`/${entry.name}`], at, true, "hostEntry"),
      ];
    }),
  ];
}
