/** As in the OCI runtime-spec's config-linux.md. With a path: the existing one at that path; without: a new one. */
export interface Namespace {
  readonly type: "pid" | "network" | "mount" | "ipc" | "uts" | "user" | "cgroup";
  readonly path?: string;
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

const NEW: readonly Namespace[] = [
  { type: "uts" },
  { type: "pid" },
  { type: "mount" },
  { type: "network" },
  { type: "ipc" },
  { type: "cgroup" },
];

/**
 * All are new, except that of the network if it is the machine's own. A caller who is not root also gets a user namespace
 * with one user, who is root in it.
 */
export function namespacesFor(
  caller: { readonly uid: number; readonly gid: number },
  { hostNetwork }: { readonly hostNetwork: boolean },
): Namespaces {
  const namespaces = NEW.filter(({ type }) => type !== "network" || !hostNetwork);
  if (caller.uid === 0) return { namespaces, uidMappings: [], gidMappings: [] };
  return {
    namespaces: [...namespaces, { type: "user" }],
    uidMappings: [{ containerID: 0, hostID: caller.uid, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: caller.gid, size: 1 }],
  };
}

export function hasUserNamespace({ namespaces }: Namespaces): boolean {
  return namespaces.some(({ type }) => type === "user");
}

export function isUidMapped(linux: Namespaces, uid: number): boolean {
  return !hasUserNamespace(linux) || linux.uidMappings.some((mapping) => isIn(mapping, uid));
}

export function isGidMapped(linux: Namespaces, gid: number): boolean {
  return !hasUserNamespace(linux) || linux.gidMappings.some((mapping) => isIn(mapping, gid));
}

/** A process without privileges may write a gid_map only after it gave up setgroups(2): user_namespaces(7). */
export function allowsSetgroups(linux: Namespaces): boolean {
  return !hasUserNamespace(linux);
}

function isIn({ containerID, size }: IdMapping, id: number): boolean {
  return id >= containerID && id < containerID + size;
}
