import { MOUNT_ATTR } from "../linux.ts";
import type { ContainerSpec, Device } from "../spec/spec.ts";
import type { HostFacts } from "./host-facts.ts";
import { showsHostRoot } from "./root.ts";
import type { Step } from "./step.ts";

/** Copies the mount of a device while the host's paths can still be reached. */
export function deviceSource({ path, major, minor }: Device, slot: number): Step[] {
  // A device number as stat(2) returns it, for major and minor numbers below 256.
  const device = major * 256 + minor;
  return [
    { op: "OPEN_TREE", slot, flags: 0, device, path, reason: "device" },
    { op: "SETATTR", slot, attributes: MOUNT_ATTR.MOUNT_ATTR_RDONLY, flags: 0, reason: "deviceNode" },
  ];
}

/** Attaches the copy in the container's /dev. */
export function deviceTarget({ path }: Device, slot: number): Step[] {
  return [
    { op: "TOUCH", mode: 0o666, path, reason: "target" },
    { op: "MOVE_MOUNT", slot, path, reason: "device" },
  ];
}

/** The OCI runtime-spec's config-linux.md, "Default Devices", and runtime-linux.md, "Dev symbolic links". */
const DEVICE_LINKS = [
  ["pts/ptmx", "/dev/ptmx"],
  ["/proc/self/fd", "/dev/fd"],
  ["/proc/self/fd/0", "/dev/stdin"],
  ["/proc/self/fd/1", "/dev/stdout"],
  ["/proc/self/fd/2", "/dev/stderr"],
] as const;

export function deviceLinks(): Step[] {
  return DEVICE_LINKS.map(([target, path]) => ({ op: "SYMLINK", target, path, reason: "link" }));
}

export function workingDirectory({ process: { cwd } }: ContainerSpec): Step[] {
  return cwd === "/" ? [] : [{ op: "MKDIR", mode: 0o755, path: cwd, reason: "workdir" }];
}

export function protectPaths({ linux }: ContainerSpec): Step[] {
  return [
    ...linux.readonlyPaths.map((path): Step => ({ op: "READONLY", path, reason: "readonly" })),
    ...linux.maskedPaths.map((path): Step => ({ op: "MASK", path, reason: "mask" })),
  ];
}

/** After the last step that makes a mount point. */
export function maskHost(spec: ContainerSpec, host: HostFacts): Step[] {
  return [
    ...(showsHostRoot(spec) ? [{ op: "MASK", path: host.stateRoot, reason: "maskState" } as const] : []),
    ...(spec.root.readonly ? [{ op: "ROOT_RDONLY", reason: "rootReadonly" } as const] : []),
  ];
}
