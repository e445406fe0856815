import type { Mount } from "../mounts.ts";

/**
 * What --privileged makes of a container's mounts, as with docker: /sys and the cgroups can be written to, and nodes of devices
 * work in /dev and in what is mounted from the host. In a user namespace the kernel lets no node work, nor one be made.
 */
export function privilegedMounts(mounts: readonly Mount[], withNodes: boolean): Mount[] {
  return mounts.map((mount) => {
    const lifted = liftedFrom(mount, withNodes);
    return { ...mount, options: mount.options.filter((option) => !lifted.includes(option)) };
  });
}

function liftedFrom({ destination, type }: Mount, withNodes: boolean): readonly string[] {
  if (type === "sysfs" || type === "cgroup") return ["ro"];
  const isForNodes = type === "bind" || (type === "tmpfs" && destination === "/dev");
  return isForNodes && withNodes ? ["nodev", "rnodev"] : [];
}
