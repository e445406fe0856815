import { CLONE } from "../linux.ts";
import type { Namespace } from "../spec/namespaces.ts";

/** The flag of clone(2), unshare(2) and setns(2) for each kind. */
export const CLONE_NEW: Readonly<Record<Namespace["type"], number>> = {
  mount: CLONE.CLONE_NEWNS,
  cgroup: CLONE.CLONE_NEWCGROUP,
  uts: CLONE.CLONE_NEWUTS,
  ipc: CLONE.CLONE_NEWIPC,
  user: CLONE.CLONE_NEWUSER,
  pid: CLONE.CLONE_NEWPID,
  network: CLONE.CLONE_NEWNET,
};
