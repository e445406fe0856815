import { AT, MOUNT_ATTR, MS } from "../linux.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { HostFacts, RootEntry } from "./host-facts.ts";
import { escapeOption, fitsOptions, lowerDirectories, relativePath } from "./overlay.ts";
import type { Step } from "./step.ts";
import { mountsInFirst } from "./user-namespace.ts";

/** The root, mounted but not yet entered. `slot`: one that nothing uses until then. */
export function rootSteps(spec: ContainerSpec, host: HostFacts, slot: number): Step[] {
  const layers = layersOf(spec, host);
  const reason = host.upperInMemory ? "upperInMemory" : "layers";
  return [
    { op: "MOUNT", flags: 0, source: "tmpfs", target: host.memory, type: "tmpfs", data: "mode=755", reason: "memory" },
    { op: "MKDIR", mode: 0o755, path: layers.upper, reason },
    { op: "MKDIR", mode: 0o700, path: layers.work, reason },
    ...(isInParts(spec, host)
      ? rootInParts(host.rootEntries, layers, slot)
      : stacked(spec.root.layers, layers, !mountsInFirst(spec.linux, host), host.memory)),
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

/** Without root, overlayfs refuses a lower layer with mounts of the host below it; each entry without gets its own overlay, and others are taken apart. */
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

function overlay(lowers: readonly string[], layers: Layers, userNamespace: boolean, reason: Step["reason"]): Step {
  const data = optionsOf(lowers, layers, userNamespace);
  // Also where no cgroup can have rules for devices, this keeps nodes that mknod makes from reaching the machine's disks.
  return { op: "MOUNT", flags: MS.MS_NODEV, source: "overlay", target: layers.root, type: "overlay", data, reason };
}

function optionsOf(lowers: readonly string[], { upper, work, kept }: Layers, userNamespace: boolean): string {
  return [
    `lowerdir=${lowerDirectories(lowers)}`,
    `upperdir=${escapeOption(upper)}`,
    `workdir=${escapeOption(work)}`,
    // A layer that is removed after the run need not reach the disk.
    ...(kept ? [] : ["volatile"]),
    // Without root, overlayfs stores its marks in user.* attributes; as root, the host's defaults must not apply.
    ...(userNamespace ? ["userxattr"] : ["index=off", "metacopy=off"]),
  ].join(",");
}

/** Where the names of many layers are too long together, it has them by short links, relative to where it is mounted. */
function stacked(lowers: readonly string[], layers: Layers, userNamespace: boolean, memory: string): Step[] {
  if (fitsOptions(optionsOf(lowers, layers, userNamespace))) return [overlay(lowers, layers, userNamespace, "overlay")];
  const links = lowers.map((target, i): Step => {
    return { op: "SYMLINK", target, path: `${memory}/${i.toString(LINK_RADIX)}`, reason: "layerLink" };
  });
  const names = links.map((_, i) => `${relativePath(layers.root, memory)}/${i.toString(LINK_RADIX)}`);
  return [...links, overlay(names, layers, userNamespace, "overlay")];
}

/** The most that JavaScript has. */
const LINK_RADIX = 36;

function rootInParts(entries: readonly RootEntry[], layers: Layers, slot: number): Step[] {
  const { upper, root } = layers;
  return [
    { op: "MKDIR", mode: 0o755, path: root, reason: "target" },
    { op: "MOUNT", flags: MS.MS_BIND, source: upper, target: root, type: "", data: "", reason: "rootBind" },
    ...entries.flatMap((entry) => partOf(entry, "", layers, slot)),
  ];
}

/** `directory`: where the entry is, on the machine as in the container; empty for the root. */
function partOf(entry: RootEntry, directory: string, layers: Layers, slot: number): Step[] {
  const source = `${directory}/${entry.name}`;
  const path = `${layers.root}${source}`;
  // The upper layer of an earlier start has the entry, or what the container replaced it with.
  const ifThere = layers.kept ? ({ excusedBy: "EEXIST" } as const) : {};
  switch (entry.kind) {
    case "symlink":
      return [{ op: "SYMLINK", target: entry.target, path, reason: "hostEntry", ...ifThere }];
    case "copy":
      return [{ op: "COPY", mode: entry.mode, source, path, reason: "hostCopy", ...ifThere }];
    case "empty":
      return [{ op: "MKDIR", mode: entry.mode, path, reason: "hostEntry" }];
    case "overlay":
      return partInOverlay(source, layers);
    case "bound":
      return boundPart(source, path, entry.type, slot);
    case "parts":
      return [
        { op: "MKDIR", mode: entry.mode, path, reason: "hostEntry" },
        ...entry.entries.flatMap((inner) => partOf(inner, source, layers, slot)),
      ];
  }
}

function partInOverlay(source: string, { upper, work, root, kept }: Layers): Step[] {
  const at = { upper: `${upper}${source}`, work: `${work}${source}`, root: `${root}${source}`, kept };
  return [
    { op: "MKDIR", mode: 0o755, path: at.upper, reason: "hostEntry" },
    { op: "MKDIR", mode: 0o700, path: at.work, reason: "hostEntry" },
    overlay([source], at, true, "hostEntry"),
  ];
}

function boundPart(source: string, path: string, type: "file" | "directory", slot: number): Step[] {
  const attributes = MOUNT_ATTR.MOUNT_ATTR_RDONLY;
  const target = type === "file" ? ({ op: "TOUCH", mode: 0o644 } as const) : ({ op: "MKDIR", mode: 0o755 } as const);
  return [
    { ...target, path, reason: "target" },
    { op: "OPEN_TREE", slot, flags: AT.AT_RECURSIVE, device: 0, path: source, reason: "hostBound" },
    { op: "SETATTR", slot, attributes, flags: AT.AT_RECURSIVE, reason: "hostBound" },
    { op: "MOVE_MOUNT", slot, path, reason: "hostBound" },
  ];
}

/** Where the container's root has overlays of its own, by path. */
export function overlaysIn(entries: readonly RootEntry[], directory = ""): string[] {
  return entries.flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.kind === "parts") return overlaysIn(entry.entries, path);
    return entry.kind === "overlay" ? [path] : [];
  });
}
