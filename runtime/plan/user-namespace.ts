import { hasUserNamespace, type Namespaces } from "../spec/namespaces.ts";
import type { HostFacts } from "./host-facts.ts";

/** The container's mounts are made in the machine's first user namespace. */
export function mountsInFirst(linux: Namespaces, { userNamespace }: Pick<HostFacts, "userNamespace">): boolean {
  return userNamespace.isFirst && !hasUserNamespace(linux);
}

/** A process without privileges may write a gid_map only after it gave up setgroups(2): user_namespaces(7). */
export function canSetGroups(linux: Namespaces, { userNamespace }: HostFacts): boolean {
  return userNamespace.setgroups && !hasUserNamespace(linux);
}
