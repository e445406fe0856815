import { MOUNT_ATTR } from "../linux.ts";
import { isBelow } from "../spec/path.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { HostFacts } from "./host-facts.ts";
import { isBind } from "./mounts.ts";
import type { Step } from "./step.ts";

/** A file that only this container has, and where it sees it. */
interface NameFile {
  readonly source: string;
  readonly destination: string;
  readonly content: string;
}

/** Those from which programs learn the container's name, except where a requested mount shows something else. */
export function nameFiles({ hostname, mounts }: ContainerSpec, { memory }: HostFacts): NameFile[] {
  const hosts = `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\t${hostname}\n`;
  const files = [
    { source: `${memory}/names/hosts`, destination: "/etc/hosts", content: hosts },
    { source: `${memory}/names/hostname`, destination: "/etc/hostname", content: `${hostname}\n` },
  ];
  const isShown = (path: string) =>
    !mounts.some((mount) => mount.destination === path || (isBind(mount) && isBelow(path, mount.destination)));
  return files.filter(({ destination }) => isShown(destination));
}

export function nameSource({ source, content }: NameFile, slot: number): Step[] {
  const attributes = MOUNT_ATTR.MOUNT_ATTR_NOSUID | MOUNT_ATTR.MOUNT_ATTR_NODEV | MOUNT_ATTR.MOUNT_ATTR_NOEXEC;
  return [
    { op: "WRITE", mode: 0o644, path: source, content, reason: "names" },
    { op: "OPEN_TREE", slot, flags: 0, device: 0, path: source, reason: "namesMount" },
    { op: "SETATTR", slot, attributes, flags: 0, reason: "namesMount" },
  ];
}

/** Wherever the image's links lead. */
export function nameTarget({ destination }: NameFile, slot: number): Step[] {
  return [
    { op: "TOUCH", mode: 0o644, path: destination, reason: "target" },
    { op: "MOVE_MOUNT", slot, path: destination, reason: "namesMount" },
  ];
}
