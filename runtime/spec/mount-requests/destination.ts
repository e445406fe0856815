import type { Mount } from "../mounts.ts";
import { isBelow, normalizePath } from "../path.ts";
import { DEVICE_LINKS } from "../security/device.ts";
import { notAMount } from "./refusal.ts";

/** runc's libcontainer/rootfs_linux.go, checkProcMount: what programs such as lxcfs show their own version of. */
const PROC_FILES = [
  "/proc/cpuinfo",
  "/proc/diskstats",
  "/proc/loadavg",
  "/proc/meminfo",
  "/proc/net/dev",
  "/proc/slabinfo",
  "/proc/stat",
  "/proc/swaps",
  "/proc/sys/crypto/fips_enabled",
  "/proc/sys/kernel/ns_last_pid",
  "/proc/uptime",
];

/** Normalized. Throws Failure for what is not an absolute path below /. */
export function checkedDestination(asked: string, destination: string): string {
  const path = normalizePath(destination);
  if (destination.startsWith("/") && path !== "/") return path;
  throw notAMount(asked, "DST must be an absolute path below /", "name a directory or file of the container");
}

/** Throws Failure where a mount would take from the container what each container must have. */
export function checkPlace({ source, destination, type }: Mount): void {
  const why = conflict(source, destination, type);
  if (why === undefined) return;
  throw notAMount(`${source}:${destination}`, why, "choose another destination, such as one below /mnt");
}

function conflict(source: string, destination: string, type: string): string | undefined {
  if (isAtOrBelow(destination, "/proc") && !PROC_FILES.includes(destination))
    return "a container has a /proc of its own, which shows its own processes";
  if (destination === "/dev" && type === "bind" && source !== "/dev")
    return "a container has a /dev of its own; only the host's /dev can be mounted over it";
  if (destination === "/dev/null" && source !== "/dev/null")
    return "a container's /dev/null also masks what it may not read, so it must be that device";
  if (isAtOrBelow(destination, "/dev/pts")) return "a container's own terminals are there";
  const link = DEVICE_LINKS.find(([, path]) => isAtOrBelow(destination, path));
  return link && `${link[1]} of a container is a symlink`;
}

function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || isBelow(path, directory);
}
