/** Where a container's cgroup is: `directory` of the hierarchy's version, as Hierarchy has it. */
export interface Place {
  readonly version: 1 | 2;
  readonly directory: string;
}

/** The directory of a container's cgroup. `name` is that of CgroupFacts. */
export function cgroupAt(place: Place, name: string): string {
  return place.version === 1 ? `${place.directory}/tinydocker.${name}` : `${sharedCgroup(place.directory)}/${name}`;
}

/**
 * The cgroup v2 of all containers. systemd switches off, in the root cgroup, controllers that it has no use for, but it
 * can't while they are on here. Version 1 needs none, which halves the number of cgroups.
 */
export function sharedCgroup(directory: string): string {
  return `${directory}/tinydocker`;
}
