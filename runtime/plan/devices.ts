import { MOUNT_ATTR, S_IFBLK, S_IFCHR } from "../linux.ts";
import { DEFAULT_DEVICES, DEVICE_LINKS, type Device, deviceNumber } from "../spec/security/device.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { isBind } from "./mounts.ts";
import type { Step } from "./step.ts";

/** Copies the mount of a device while the host's paths can still be reached. */
export function deviceSource({ path, source = path, type, ...numbers }: Device, slot: number): Step[] {
  const device = typeBits(type) * 2 ** 32 + deviceNumber(numbers);
  return [
    { op: "OPEN_TREE", slot, flags: 0, device, path: source, reason: reasonFor(path) },
    { op: "SETATTR", slot, attributes: MOUNT_ATTR.MOUNT_ATTR_RDONLY, flags: 0, reason: "deviceNode" },
  ];
}

/** Attaches the copy in the container's /dev. */
export function deviceTarget({ path }: Device, slot: number): Step[] {
  return [
    { op: "TOUCH", mode: 0o666, path, reason: "target" },
    { op: "MOVE_MOUNT", slot, path, reason: reasonFor(path) },
  ];
}

function reasonFor(path: string): Step["reason"] {
  return DEFAULT_DEVICES.some((device) => device.path === path) ? "device" : "deviceAsked";
}

/** Nodes work in its /dev, so that devices are made there; elsewhere the host's are mounted. */
export function makesNodes({ mounts }: ContainerSpec): boolean {
  return mounts.some(
    ({ destination, type, options }) => destination === "/dev" && type === "tmpfs" && !options.includes("nodev"),
  );
}

export function deviceNode({ path, type, fileMode = 0o666, uid = 0, gid = 0, ...numbers }: Device): Step {
  const mode = typeBits(type) | fileMode;
  return { op: "MKNOD", mode, device: deviceNumber(numbers), uid, gid, path, reason: "deviceMade" };
}

function typeBits(type: Device["type"]): number {
  return type === "b" ? S_IFBLK : S_IFCHR;
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
