import { readFileSync } from "node:fs";
import { isMapped } from "../../spec/namespaces.ts";
import { mountPointsOf } from "../root-entries.ts";
import { mappingsIn } from "./identity.ts";

/** What on this machine may keep an ordinary process from being root in a user namespace of its own. */
export interface Restrictions {
  /** The process is in a chroot, where the kernel allows none. */
  readonly isInChroot: boolean;
  /** Its user or its group does not exist in the user namespace that it is in. */
  readonly isUnmapped: boolean;
  /** The AppArmor profile that this process is confined by: it allows what its rules say. */
  readonly profile: string | undefined;
  /** Ubuntu's: AppArmor lets only programs with a profile for it use capabilities there. */
  readonly onlyProfiled: boolean;
  /** Debian's: only root makes them. */
  readonly onlyRoot: boolean;
  /** The limit of the user namespace that the process is in is 0. */
  readonly noneAllowed: boolean;
}

export function restrictions(): Restrictions {
  return {
    isInChroot: !mountPointsOf(textOf("/proc/self/mountinfo")).includes("/"),
    isUnmapped: !(isIn("/proc/self/uid_map", process.geteuid) && isIn("/proc/self/gid_map", process.getegid)),
    profile: confiningProfile(textOf("/proc/self/attr/apparmor/current")),
    onlyProfiled: textOf("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").trim() === "1",
    onlyRoot: textOf("/proc/sys/kernel/unprivileged_userns_clone").trim() === "0",
    noneAllowed: textOf("/proc/sys/user/max_user_namespaces").trim() === "0",
  };
}

function isIn(map: string, id: (() => number) | undefined): boolean {
  return isMapped(mappingsIn(textOf(map)), id?.() ?? 0);
}

/** What a process's label in AppArmor names, unless that refuses nothing. */
export function confiningProfile(label: string): string | undefined {
  return /^(.+) \((?:enforce|kill|prompt|user|mixed)\)\n?$/.exec(label)?.[1];
}

/** Empty if there is no such file: a kernel without that restriction has none. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
