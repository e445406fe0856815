/** As in the OCI runtime-spec's config-linux.md; one of the machine's own is left out. */
export interface Namespace {
  readonly type: "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup";
  /** The id of another container, whose it is; without one, it is new. */
  readonly container?: string;
}

/** As a line of uid_map: user_namespaces(7). */
export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** The part of `linux` that defines the container's own namespaces and its users. */
export interface Namespaces {
  readonly namespaces: readonly Namespace[];
  /** Of the user namespace; empty without one. */
  readonly uidMappings: readonly IdMapping[];
  readonly gidMappings: readonly IdMapping[];
}

/** The users and groups that exist in a user namespace. */
export interface Ids {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
  /** Its processes can change their supplementary groups: /proc/PID/setgroups. */
  readonly setgroups: boolean;
}

/** The process that makes a request, as the kernel sees it: none of these facts follows from another. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** It has CAP_SYS_ADMIN in its user namespace, and can make the other kinds of namespaces without a new one. */
  readonly sysAdmin: boolean;
  /** Its user namespace is the machine's first one, in which alone nodes of devices can be made, and work. */
  readonly isFirst: boolean;
  /** It can change the network namespace that it is in. */
  readonly netAdmin: boolean;
  /** Of its user namespace. */
  readonly ids: Ids;
  /** The ids that newuidmap(1) and newgidmap(1) give a container of it besides its own; empty where they can't. */
  readonly subordinate: { readonly uids: readonly IdRange[]; readonly gids: readonly IdRange[] };
}

/** Whose namespace a container has. */
export type Whose = "own" | "host" | { readonly container: string };

/** A line of subuid(5) or subgid(5). */
export interface IdRange {
  readonly start: number;
  readonly size: number;
}

const NEW: readonly Namespace[] = [
  { type: "uts" },
  { type: "pid" },
  { type: "mount" },
  { type: "network" },
  { type: "ipc" },
  { type: "cgroup" },
];

/**
 * All are new, except those that are shared with the machine or with another container. A caller who can't make them alone
 * gets a user namespace too, in which it is root.
 */
export function namespacesFor(
  { uid, gid, sysAdmin, subordinate }: Identity,
  whose: Readonly<Partial<Record<Namespace["type"], Whose>>>,
): Namespaces {
  const namespaces = NEW.flatMap(({ type }): Namespace[] => {
    const owner = whose[type] ?? "own";
    if (owner === "host") return [];
    return [owner === "own" ? { type } : { type, container: owner.container }];
  });
  if (sysAdmin) return { namespaces, uidMappings: [], gidMappings: [] };
  return {
    namespaces: [...namespaces, { type: "user" }],
    uidMappings: mappings(uid, subordinate.uids),
    gidMappings: mappings(gid, subordinate.gids),
  };
}

/** Root is the caller; the others are its subordinate ids, from 1 on. */
function mappings(id: number, ranges: readonly IdRange[]): IdMapping[] {
  let next = 1;
  const others = ranges.map(({ start, size }) => {
    const containerID = next;
    next += size;
    return { containerID, hostID: start, size };
  });
  return [{ containerID: 0, hostID: id, size: 1 }, ...others];
}

/** Its users are more than a process without privileges can map itself: newuidmap(1) does. */
export function needsIdMapper({ uidMappings }: Namespaces): boolean {
  return uidMappings.length > 1;
}

/** One of that kind that no other container has. */
export function hasNew({ namespaces }: Pick<Namespaces, "namespaces">, kind: Namespace["type"]): boolean {
  return namespaces.some(({ type, container }) => type === kind && container === undefined);
}

export function hasUserNamespace({ namespaces }: Namespaces): boolean {
  return namespaces.some(({ type }) => type === "user");
}

/** Those of its new user namespace, or else of the caller's. */
export function idsIn(linux: Namespaces, caller: Identity): Ids {
  if (!hasUserNamespace(linux)) return caller.ids;
  return { uids: linux.uidMappings, gids: linux.gidMappings, setgroups: needsIdMapper(linux) };
}

export function isMapped(mappings: readonly IdMapping[], id: number): boolean {
  return mappings.some((mapping) => isIn(mapping, id));
}

/** What an id of this machine is in the namespace; undefined if nothing. */
export function containerId(mappings: readonly IdMapping[], id: number): number | undefined {
  const mapping = mappings.find(({ hostID, size }) => id >= hostID && id < hostID + size);
  return mapping && mapping.containerID + id - mapping.hostID;
}

/** What an id of the namespace is outside it; undefined if nothing. */
export function hostId(mappings: readonly IdMapping[], id: number): number | undefined {
  const mapping = mappings.find((one) => isIn(one, id));
  return mapping && mapping.hostID + id - mapping.containerID;
}

function isIn({ containerID, size }: IdMapping, id: number): boolean {
  return id >= containerID && id < containerID + size;
}
