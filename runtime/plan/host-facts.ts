/** What a plan must know of the machine and of the place made for the container; the spec says nothing of it. */
export interface HostFacts {
  /** The upper layer, and where the root is mounted, on top of it. There may be one from an earlier start. */
  readonly upper: string;
  /** overlayfs's own, on the same file system. There is none yet. */
  readonly work: string;
  /** An empty directory, the same for all: each mounts a memory of its own there, in its own mount namespace. */
  readonly memory: string;
  /** Holds all of these, and other containers'; real path. */
  readonly stateRoot: string;
  /** Keep the upper layer in memory: the file system of `upper` can't be one. */
  readonly upperInMemory: boolean;
  /** Another start finds the upper layer again, also after the machine lost power. */
  readonly upperKept: boolean;
  /** The entries of the machine's root; only where one overlay can't show them all. */
  readonly rootEntries: readonly RootEntry[];
  /** The sources of bind mounts that are not directories. */
  readonly fileSources: readonly string[];
  /** /sys/fs/cgroup is cgroup v2. */
  readonly cgroup2: boolean;
}

/** An entry of the machine's root, as a container without root can have it. */
export type RootEntry = { readonly name: string } & (
  | { readonly kind: "overlay" }
  | { readonly kind: "empty"; readonly mode: number }
  | { readonly kind: "symlink"; readonly target: string }
);
