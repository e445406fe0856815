import type { Mount } from "../mounts.ts";
import { hasUserNamespace, type Namespaces } from "../namespaces.ts";

/**
 * What --privileged makes of a container's mounts, as with docker: /sys and the cgroups can be written to, and nodes of devices
 * work in /dev and in what is mounted from the host. In a user namespace the kernel lets no node work.
 */
export function privilegedMounts(mounts: readonly Mount[], linux: Namespaces): Mount[] {
  return mounts.map((mount) => {
    const lifted = liftedFrom(mount, hasUserNamespace(linux));
    return { ...mount, options: mount.options.filter((option) => !lifted.includes(option)) };
  });
}

function liftedFrom({ destination, type }: Mount, userNamespace: boolean): readonly string[] {
  if (type === "sysfs" || type === "cgroup") return ["ro"];
  const hasNodes = type === "bind" || (type === "tmpfs" && destination === "/dev");
  return hasNodes && !userNamespace ? ["nodev", "rnodev"] : [];
}
