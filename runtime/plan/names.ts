import { MOUNT_ATTR } from "../linux.ts";
import { isBelow } from "../spec/path.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { HostFacts } from "./host-facts.ts";
import { isBind } from "./mounts.ts";
import { showsHostRoot } from "./root.ts";
import type { Step } from "./step.ts";

/** Unless the image has a file of that name. */
export const MOUNT_TABLE = { path: "/etc/mtab", target: "/proc/mounts" } as const;

/** A file that only this container has, and where it sees it. */
interface NameFile {
  readonly source: string;
  readonly destination: string;
  /** Undefined of one that is there already. */
  readonly content: string | undefined;
  readonly reason: "namesMount" | "hosts" | "resolver";
}

/** Those from which programs learn names, except where a requested mount shows something else. */
export function nameFiles({ hostname, mounts }: ContainerSpec, { memory, network }: HostFacts): NameFile[] {
  const { hosts, hostsFile, resolvConf } = network;
  const own = (name: string, content: string, reason: NameFile["reason"] = "namesMount"): NameFile => {
    return { source: `${memory}/names/${name}`, destination: `/etc/${name}`, content, reason };
  };
  const files = [
    hostsFile === undefined
      ? own("hosts", hosts)
      : ({ source: hostsFile, destination: "/etc/hosts", content: undefined, reason: "hosts" } as const),
    own("hostname", `${hostname}\n`),
    ...(resolvConf === undefined ? [] : [own("resolv.conf", resolvConf, "resolver")]),
  ];
  const isShown = (path: string) =>
    !mounts.some((mount) => mount.destination === path || (isBind(mount) && isBelow(path, mount.destination)));
  return files.filter(({ destination }) => isShown(destination));
}

export function nameSource({ source, content, reason }: NameFile, slot: number): Step[] {
  const attributes = MOUNT_ATTR.MOUNT_ATTR_NOSUID | MOUNT_ATTR.MOUNT_ATTR_NODEV | MOUNT_ATTR.MOUNT_ATTR_NOEXEC;
  return [
    ...(content === undefined ? [] : [{ op: "WRITE", mode: 0o644, path: source, content, reason: "names" } as const]),
    { op: "OPEN_TREE", slot, flags: 0, device: 0, path: source, reason },
    { op: "SETATTR", slot, attributes, flags: 0, reason },
  ];
}

/** Before anything of this machine's is mounted on /etc. */
export function mountTable(spec: ContainerSpec): Step[] {
  if (showsHostRoot(spec)) return [];
  return [{ op: "SYMLINK", ...MOUNT_TABLE, reason: "mountTable", excusedBy: "any" }];
}

/** Wherever the image's links lead. */
export function nameTarget({ destination, reason }: NameFile, slot: number): Step[] {
  return [
    { op: "TOUCH", mode: 0o644, path: destination, reason: "target" },
    { op: "MOVE_MOUNT", slot, path: destination, reason },
  ];
}
