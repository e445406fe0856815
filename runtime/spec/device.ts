/** A character device of the host, by linux/Documentation/admin-guide/devices.txt. */
export interface Device {
  readonly path: string;
  readonly major: number;
  readonly minor: number;
}

/** The OCI runtime-spec's config-linux.md, "Default Devices". */
export const DEFAULT_DEVICES: readonly Device[] = [
  { path: "/dev/null", major: 1, minor: 3 },
  { path: "/dev/zero", major: 1, minor: 5 },
  { path: "/dev/full", major: 1, minor: 7 },
  { path: "/dev/random", major: 1, minor: 8 },
  { path: "/dev/urandom", major: 1, minor: 9 },
  { path: "/dev/tty", major: 5, minor: 0 },
];

/** The OCI runtime-spec's runtime-linux.md, "Dev symbolic links": targets and paths. */
export const DEVICE_LINKS = [
  ["pts/ptmx", "/dev/ptmx"],
  ["/proc/self/fd", "/dev/fd"],
  ["/proc/self/fd/0", "/dev/stdin"],
  ["/proc/self/fd/1", "/dev/stdout"],
  ["/proc/self/fd/2", "/dev/stderr"],
] as const;
