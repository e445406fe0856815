import { MOUNT_ATTR, MS } from "../linux.ts";
import { type Ids, isMapped } from "./namespaces.ts";
import type { VolumeOptions } from "./volume-options.ts";

/** As in the OCI runtime-spec: options are those of mount(8). */
export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  /** Of a volume: what of it is mounted, a path below it, and no link leads out. */
  readonly subpath?: string;
  /** Of a volume that is empty: what the image has there is not copied into it. */
  readonly nocopy?: true;
  /** Of a volume: it was made for this container, without a name. */
  readonly anonymous?: true;
  /** Of a volume that is made for this: its labels, and the options of docker's driver local. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly volumeOptions?: VolumeOptions;
  /** The id of the container in which the source is. */
  readonly container?: string;
}

/** Of the group `tty`, to which a terminal's device belongs. */
const TTY_GID = 5;

/** docker's. */
const SHM_BYTES = 64 * 1024 * 1024;

/** docker's, except that /dev is nodev: only devices mounted there work, also where no cgroup can have rules for devices. */
export function defaultMounts({ gids }: Ids, shmBytes = SHM_BYTES): Mount[] {
  const ptsGroup = isMapped(gids, TTY_GID) ? [`gid=${TTY_GID}`] : [];
  return [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "nodev", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", ...ptsGroup],
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: ["nosuid", "noexec", "nodev", "mode=1777", `size=${shmBytes}`],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"] },
  ];
}

const MOUNT_FLAGS: Readonly<Record<string, number>> = {
  ro: MS.MS_RDONLY,
  nosuid: MS.MS_NOSUID,
  nodev: MS.MS_NODEV,
  noexec: MS.MS_NOEXEC,
  noatime: MS.MS_NOATIME,
  nodiratime: MS.MS_NODIRATIME,
  relatime: MS.MS_RELATIME,
  strictatime: MS.MS_STRICTATIME,
  sync: MS.MS_SYNCHRONOUS,
  dirsync: MS.MS_DIRSYNC,
};

/** The flags and the data string of mount(2). */
export function mountArguments(options: readonly string[]): { flags: number; data: string } {
  const flags = options.reduce((sum, option) => sum | (MOUNT_FLAGS[option] ?? 0), 0);
  return { flags, data: options.filter((option) => !(option in MOUNT_FLAGS)).join(",") };
}

const ATTRIBUTES: Readonly<Record<string, number>> = {
  ro: MOUNT_ATTR.MOUNT_ATTR_RDONLY,
  nosuid: MOUNT_ATTR.MOUNT_ATTR_NOSUID,
  nodev: MOUNT_ATTR.MOUNT_ATTR_NODEV,
  noexec: MOUNT_ATTR.MOUNT_ATTR_NOEXEC,
};
/** As in the OCI runtime-spec: of the mount and of those below it. */
const RECURSIVE_ATTRIBUTES: Readonly<Record<string, number>> = {
  rro: MOUNT_ATTR.MOUNT_ATTR_RDONLY,
  rnodev: MOUNT_ATTR.MOUNT_ATTR_NODEV,
};

/** What mount_setattr(2) sets: on the mount itself, and on those below it too. */
export function mountAttributes(options: readonly string[]): { itself: number; recursive: number } {
  const sum = (table: Readonly<Record<string, number>>) =>
    options.reduce((attributes, option) => attributes | (table[option] ?? 0), 0);
  return { itself: sum(ATTRIBUTES), recursive: sum(RECURSIVE_ATTRIBUTES) };
}
