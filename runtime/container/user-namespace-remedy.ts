import type { Restrictions } from "../host/users/user-namespaces.ts";

/** What to do where the kernel refuses a user namespace, or rights in one. */
export function userNamespaceRemedy({ isInChroot, isUnmapped, apparmor, onlyRoot, noneAllowed }: Restrictions): string {
  if (isInChroot) return "in a chroot only root can start containers: run tinydocker as root, or outside the chroot";
  if (isUnmapped) return "your user does not exist in this user namespace: map it, as unshare --map-root-user does";
  if (noneAllowed) return "run tinydocker as root, or allow user namespaces: sysctl user.max_user_namespaces=10000";
  if (onlyRoot) return "run tinydocker as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1";
  if (apparmor) {
    return (
      "AppArmor restricts user namespaces here: run tinydocker as root, or give node a profile with the rule `userns,` in " +
      "/etc/apparmor.d, or allow them to all programs: sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    );
  }
  return "run tinydocker as root; here a seccomp filter or a security module, as of another container, refuses user namespaces";
}
