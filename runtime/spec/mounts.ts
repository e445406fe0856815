import { Failure } from "../failure.ts";
import { MOUNT_ATTR, MS } from "../linux.ts";
import { isGidMapped, type Namespaces } from "./namespaces.ts";
import { normalizePath, resolvePath } from "./path.ts";
import { textFault } from "./text.ts";

/** As in the OCI runtime-spec: options are those of mount(8). */
export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Of the group `tty`, to which a terminal's device belongs. */
const TTY_GID = 5;

/** docker's, except that /dev is nodev: only devices mounted there work, so no device rules of a cgroup are needed. */
export function defaultMounts(linux: Namespaces): Mount[] {
  const ptsGroup = isGidMapped(linux, TTY_GID) ? [`gid=${TTY_GID}`] : [];
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
      options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
    },
    { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
    { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
    { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"] },
  ];
}

/** SRC:DST[:ro|rw]; a relative SRC is below cwd. Throws Failure for anything else. */
export function bindMount(volume: string, cwd: string): Mount {
  const [source, destination, mode = "rw", ...rest] = volume.split(":");
  if (!source || !destination || rest.length > 0) throw notAVolume(volume, "it is not SRC:DST[:ro]");
  const fault = textFault(volume);
  if (fault !== undefined) throw notAVolume(volume, `it ${fault}`);
  if (mode !== "ro" && mode !== "rw") throw notAVolume(volume, `${JSON.stringify(mode)} is neither ro nor rw`);
  if (!/^\.{0,2}\//.test(source) && source !== "." && source !== "..") {
    throw notAVolume(volume, `${JSON.stringify(source)} is not a path; there are no named volumes, write ./${source}`);
  }
  const target = normalizePath(destination);
  if (!destination.startsWith("/") || target === "/") throw notAVolume(volume, "DST must be an absolute path below /");
  const options = mode === "ro" ? ["rbind", "nodev", "ro"] : ["rbind", "nodev"];
  return { destination: target, type: "bind", source: resolvePath(cwd, source), options };
}

function notAVolume(volume: string, why: string): Failure {
  return new Failure(`can't mount ${JSON.stringify(volume)}: ${why}`, {
    code: "usage",
    remedy: "use -v SRC:DST[:ro] with a path of the host and an absolute path in the container",
  });
}

const MOUNT_FLAGS: Readonly<Record<string, number>> = {
  ro: MS.MS_RDONLY,
  nosuid: MS.MS_NOSUID,
  nodev: MS.MS_NODEV,
  noexec: MS.MS_NOEXEC,
  strictatime: MS.MS_STRICTATIME,
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

/** What mount_setattr(2) sets. */
export function mountAttributes(options: readonly string[]): number {
  return options.reduce((sum, option) => sum | (ATTRIBUTES[option] ?? 0), 0);
}
