/** A cgroup hierarchy of this machine: cgroups(7). A process is in one cgroup of each. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** Those that a cgroup made in `directory` can have. Empty in a hierarchy that only groups processes, such as systemd's. */
  readonly controllers: readonly string[];
  /** Of one that only groups processes. */
  readonly name?: string;
  /** The directory that a container's cgroup is made in; absent where this user may make none. */
  readonly directory?: string;
  /** systemd is to make `directory` first. */
  readonly toDelegate?: true;
  /** It is not mounted here, or only to be read, so that nobody can make one. */
  readonly unmounted?: true;
  /** Version 2: the controllers that are on already, below `directory`, and below the directory of all containers in it. */
  readonly enabled?: { readonly here: readonly string[]; readonly ours: readonly string[] };
  /** Version 1 with the controller cpuset: its processors and memory nodes, which a new cgroup does not inherit. */
  readonly cpuset?: { readonly cpus: string; readonly mems: string };
}

/** What the limits of a container depend on. */
export interface CgroupFacts {
  readonly hierarchies: readonly Hierarchy[];
  /** Nodes of devices can be made and used: this is no user namespace but the machine's first. */
  readonly usesDevices: boolean;
  /** Lists, such as `0-3`; read only for a container that is limited to some of them. */
  readonly processors: string;
  readonly memoryNodes: string;
  /** The name of the container's cgroup, which no other container of this machine has. */
  readonly name: string;
}
