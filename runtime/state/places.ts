import { join } from "node:path";

/** Where a container has what on the host; the name alone says it. */
export interface Places {
  /** The lock on the name, and the journal of whoever holds it. */
  readonly lock: string;
  /** What the container is; only of one that is kept after its exit. */
  readonly record: string;
  /** overlayfs's upper layer: what the container wrote. */
  readonly upper: string;
  /** overlayfs's own, on the same file system. */
  readonly work: string;
  /** Always empty as the host sees it. */
  readonly memory: string;
}

/** `root` is stateRoot(). */
export function placesOf(root: string, name: string): Places {
  return {
    lock: join(root, "locks", name),
    record: join(root, "records", name),
    upper: join(root, "containers", name),
    work: join(root, "work", name),
    memory: join(root, "memory"),
  };
}
