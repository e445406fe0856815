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
}

/** An entry of the machine's root, as a container without root can have it. */
export type RootEntry = { readonly name: string } & (
  | { readonly kind: "overlay" }
  | { readonly kind: "empty"; readonly mode: number }
  | { readonly kind: "symlink"; readonly target: string }
);
