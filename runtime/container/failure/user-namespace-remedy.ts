import type { Restrictions } from "../../host/users/user-namespaces.ts";

export const NONE_ALLOWED_REMEDY =
  "run tinydocker as root, or allow user namespaces: sysctl user.max_user_namespaces=10000";

/** What to do where the kernel refuses a user namespace, or rights in one. */
export function userNamespaceRemedy(found: Restrictions): string {
  const { isInChroot, isUnmapped, onlyRoot, noneAllowed } = found;
  if (isInChroot) return "in a chroot only root can start containers: run tinydocker as root, or outside the chroot";
  if (isUnmapped)
    return "your user or group does not exist in this user namespace: map both, as unshare --map-root-user does";
  if (noneAllowed) return NONE_ALLOWED_REMEDY;
  if (onlyRoot) return "run tinydocker as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1";
  return (
    apparmorRemedy(found) ??
    "run tinydocker as root; here a seccomp filter or a security module, as of another container, refuses user namespaces"
  );
}

/** What to do where AppArmor refuses it; undefined where that allows this process what it allows anyone. */
export function apparmorRemedy(found: Restrictions): string | undefined {
  const forAll =
    "AppArmor restricts user namespaces here: run tinydocker as root, or write this to /etc/apparmor.d/node, and load it " +
    `with apparmor_parser -r: \`abi <abi/4.0>, profile node "${process.execPath}" flags=(unconfined) { userns, }\`; or allow ` +
    "them to all programs: sysctl kernel.apparmor_restrict_unprivileged_userns=0";
  return profileRemedy(found) ?? (found.onlyProfiled ? forAll : undefined);
}

/** The same for root too, whom only a profile restricts. */
export function profileRemedy({ profile }: Restrictions): string | undefined {
  if (profile === undefined) return undefined;
  return (
    `the AppArmor profile ${profile} confines tinydocker, and must allow it: give it flags=(attach_disconnected) and ` +
    "`file, network, signal, userns, capability, mount, umount, pivot_root,` in /etc/apparmor.d, and load it with " +
    "apparmor_parser -r; if it is that of a container around this, start that with --security-opt apparmor=unconfined"
  );
}
