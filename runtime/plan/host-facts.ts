import type { CgroupFacts } from "../cgroup/hierarchy.ts";
import type { Machine } from "../seccomp/system-calls.ts";

/** What a plan must know about the machine and the container's directories on it; the spec is the same on any machine. */
export interface HostFacts {
  /** The upper layer, on top of which the root is mounted. May exist from an earlier start. */
  readonly upper: string;
  /** overlayfs's work directory, on the same file system. Does not exist yet. */
  readonly work: string;
  /** An empty directory, the same for all containers: each mounts a tmpfs on it, in its own mount namespace. */
  readonly memory: string;
  /** The real path of the directory that contains all of these, and those of other containers. */
  readonly stateRoot: string;
  /** The upper layer is in memory, because the file system of `upper` can't store one. */
  readonly upperInMemory: boolean;
  /** Another start uses the upper layer again, even after the machine lost power. */
  readonly upperKept: boolean;
  /** The entries of the machine's root; empty where one overlay can show them all. */
  readonly rootEntries: readonly RootEntry[];
  /** The sources of bind mounts that are not directories. */
  readonly fileSources: readonly string[];
  readonly machine: Machine;
  /** Its kernel's release, as uname(2) returns it. */
  readonly kernel: string;
  /** /sys/fs/cgroup is cgroup v2. */
  readonly cgroup2: boolean;
  /** The user namespace of the process that starts the container. */
  readonly userNamespace: UserNamespaceFacts;
  readonly cgroups: CgroupFacts;
  readonly network: NetworkFacts;
}

/** Neither follows from the other, nor from being root there. */
export interface UserNamespaceFacts {
  /** It is the machine's first one: in another one, the kernel lets root mount less, and keep no trusted.* attributes. */
  readonly isFirst: boolean;
  readonly setgroups: boolean;
}

/** What the container gets of the machine's networks. */
export interface NetworkFacts {
  /** The text of its /etc/hosts. */
  readonly hosts: string;
  /** A file of the machine that is its /etc/hosts instead, and that changes while the container runs. */
  readonly hostsFile?: string;
  /** The text of its /etc/resolv.conf; absent: the image's own. */
  readonly resolvConf?: string;
  readonly links: readonly LinkFacts[];
}

/** One link of the container, and the cable to the bridge of its network. */
export interface LinkFacts {
  /** As the container sees it. */
  readonly name: string;
  readonly mac: readonly number[];
  /** ADDRESS/PREFIX: of IPv4, and of IPv6 if its network has that. */
  readonly addresses: readonly string[];
  /** The bridge's addresses, and its MAC. */
  readonly gateways: readonly string[];
  readonly gatewayMac: readonly number[];
  /** What has no other route goes this way. */
  readonly isDefault: boolean;
  /** The container had it before its last end. */
  readonly isAgain?: true;
  readonly mtu: number;
  /** The cable's end on the machine, and how `ip link` shows whose it is. */
  readonly veth: string;
  readonly alias: string;
  readonly bridge: string;
  readonly bridgeIndex: number;
}

/** An entry of the machine's root, or of a directory there with mounts below it, as a container without root can have it. */
export type RootEntry = { readonly name: string } & (
  | { readonly kind: "overlay" }
  | { readonly kind: "empty"; readonly mode: number }
  | { readonly kind: "symlink"; readonly target: string }
  | { readonly kind: "copy"; readonly mode: number }
  /** The machine's own, with all mounts below it, and read-only. */
  | { readonly kind: "bound"; readonly type: "file" | "directory" }
  | { readonly kind: "parts"; readonly mode: number; readonly entries: readonly RootEntry[] }
);
