import { hasUserNamespace, type Namespaces, needsIdMapper } from "../spec/namespaces.ts";
import type { HostFacts } from "./host-facts.ts";

/** The container's mounts are made in the machine's first user namespace. */
export function mountsInFirst(linux: Namespaces, { userNamespace }: Pick<HostFacts, "userNamespace">): boolean {
  return userNamespace.isFirst && !hasUserNamespace(linux);
}

/** A process that writes its own gid_map has to give up setgroups(2) first: user_namespaces(7). */
export function canSetGroups(linux: Namespaces, { userNamespace }: Pick<HostFacts, "userNamespace">): boolean {
  return hasUserNamespace(linux) ? needsIdMapper(linux) : userNamespace.setgroups;
}
