import { posix, resolve } from "node:path";
import type { Reason } from "../explain/reason.ts";
import { Failure } from "../failure.ts";

/** As in the OCI runtime-spec: options are those of mount(8). */
export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  /** The source of a bind is not a directory. */
  readonly file?: boolean;
  /** The container starts without it where the kernel refuses. */
  readonly optional?: boolean;
  readonly reason: Reason;
}

/** docker's, save that /dev is nodev: only what is bound into it works, so no device rules of a cgroup are needed. */
export function defaultMounts(rootless: boolean): Mount[] {
  // A user namespace with one user in it has no group 5 (tty).
  const ptsGroup = rootless ? [] : ["gid=5"];
  return [
    { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"], reason: "proc" },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "nodev", "strictatime", "mode=755", "size=65536k"],
      reason: "dev",
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", ...ptsGroup],
      reason: "devpts",
    },
    {
      destination: "/dev/shm",
      type: "tmpfs",
      source: "shm",
      options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
      reason: "shm",
    },
    {
      destination: "/dev/mqueue",
      type: "mqueue",
      source: "mqueue",
      options: ["nosuid", "noexec", "nodev"],
      optional: true,
      reason: "mqueue",
    },
    {
      destination: "/sys",
      type: "sysfs",
      source: "sysfs",
      options: ["nosuid", "noexec", "nodev", "ro"],
      // Without root the kernel shows sysfs only to those who see all of the host's.
      optional: rootless,
      reason: "sysfs",
    },
  ];
}

export function cgroupMount(): Mount {
  return {
    destination: "/sys/fs/cgroup",
    type: "cgroup2",
    source: "cgroup",
    options: ["nosuid", "noexec", "nodev", "ro"],
    optional: true,
    reason: "cgroup",
  };
}

/** SRC:DST[:ro|rw]; a relative SRC is below cwd. Throws Failure when it isn't one. */
export function bindMount(volume: string, cwd: string): Mount {
  const [source, destination, mode = "rw", ...rest] = volume.split(":");
  if (!source || !destination || rest.length > 0 || volume.includes("\0"))
    throw notAVolume(volume, "it is not SRC:DST[:ro]");
  if (mode !== "ro" && mode !== "rw") throw notAVolume(volume, `${JSON.stringify(mode)} is neither ro nor rw`);
  if (!/^\.{0,2}\//.test(source) && source !== "." && source !== "..") {
    throw notAVolume(volume, `${JSON.stringify(source)} is not a path; there are no named volumes, write ./${source}`);
  }
  const target = posix.normalize(destination).replace(/(.)\/$/, "$1");
  if (!target.startsWith("/") || target === "/") throw notAVolume(volume, "DST must be an absolute path below /");
  const options = mode === "ro" ? ["rbind", "nodev", "ro"] : ["rbind", "nodev"];
  return { destination: target, type: "bind", source: resolve(cwd, source), options, reason: "bind" };
}

function notAVolume(volume: string, why: string): Failure {
  return new Failure(`can't mount ${JSON.stringify(volume)}: ${why}`, {
    code: "usage",
    remedy: "-v SRC:DST[:ro], SRC a path of the host and DST an absolute one of the container",
  });
}

/** MS_* of linux/mount.h, by mount(8)'s words. */
const MOUNT_FLAGS: Readonly<Record<string, number>> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  strictatime: 1 << 24,
};

/** The flags and the data string of mount(2). */
export function mountArguments(options: readonly string[]): { flags: number; data: string } {
  const flags = options.reduce((sum, option) => sum + (MOUNT_FLAGS[option] ?? 0), 0);
  return { flags, data: options.filter((option) => !(option in MOUNT_FLAGS)).join(",") };
}
