import type { Metadata } from "../../image/archive/entry.ts";
import { containerId, hasUserNamespace, type Namespaces } from "../../spec/namespaces.ts";

/** As the kernel shows an id that the namespace does not have: user_namespaces(7). */
const OVERFLOW = 65_534;

/** With the owners as the container has them, not as this machine does. */
export function ownedInside(metadata: Metadata, linux: Namespaces): Metadata {
  if (!hasUserNamespace(linux)) return metadata;
  const uid = containerId(linux.uidMappings, metadata.uid) ?? OVERFLOW;
  const gid = containerId(linux.gidMappings, metadata.gid) ?? OVERFLOW;
  return { ...metadata, uid, gid };
}
