import { Failure } from "../failure.ts";
import { MOUNT_ATTR } from "../linux.ts";
import { DEVICE_LINKS, type Device } from "../spec/device.ts";
import { isBelow } from "../spec/path.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { HostFacts } from "./host-facts.ts";
import { isBind } from "./mounts.ts";
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

export function deviceLinks(): Step[] {
  return DEVICE_LINKS.map(([target, path]) => ({ op: "SYMLINK", target, path, reason: "link" }));
}

/** Its /dev is the host's, which has links of its own. */
export function showsHostDevices({ mounts }: ContainerSpec): boolean {
  return mounts.some((mount) => isBind(mount) && mount.destination === "/dev");
}

/** Makes the host's /dev/ptmx open terminals of the container's own /dev/pts. */
export function ownTerminals(slot: number): Step[] {
  return [
    { op: "OPEN_TREE", slot, flags: 0, device: 0, path: "/dev/pts/ptmx", reason: "ptmx" },
    { op: "MOVE_MOUNT", slot, path: "/dev/ptmx", reason: "ptmx" },
  ];
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

function checkBelowMask(spec: ContainerSpec, { stateRoot }: HostFacts): void {
  const hidden = spec.mounts.find(({ destination }) => showsHostRoot(spec) && isBelow(destination, stateRoot));
  if (hidden === undefined) return;
  throw new Failure(`can't mount ${hidden.source}:${hidden.destination}: nothing below ${stateRoot} can be seen`, {
    code: "usage",
    remedy: "choose another destination: tinydocker's own files are there, and are hidden from the image host",
  });
}

function isMountPoint({ mounts }: ContainerSpec, path: string): boolean {
  return mounts.some(({ destination }) => destination === path);
}

/** The root's mount, and those of its parts; requested mounts stay as they were requested. */
function readonlyRoot(spec: ContainerSpec, host: HostFacts): Step[] {
  const parts = host.rootEntries.filter(({ kind }) => kind === "overlay").map(({ name }) => `/${name}`);
  const paths = ["/", ...parts.filter((path) => !isMountPoint(spec, path))];
  return paths.map((path) => ({ op: "MOUNT_RDONLY", path, reason: "rootReadonly" }));
}

/** After the last step that makes a mount point. */
export function maskHost(spec: ContainerSpec, host: HostFacts): Step[] {
  checkBelowMask(spec, host);
  const mask = { op: "MASK", path: host.stateRoot, reason: "maskState" } as const;
  return [
    ...(showsHostRoot(spec) && !isMountPoint(spec, host.stateRoot) ? [mask] : []),
    ...(spec.root.readonly ? readonlyRoot(spec, host) : []),
  ];
}
