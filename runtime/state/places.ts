import { join } from "node:path";

/** The paths of a container on the host, which depend on its name alone. */
export interface Places {
  readonly name: string;
  /** The state directory. */
  readonly root: string;
  /** The lock on the name, which is also the journal of the process that holds it. */
  readonly lock: string;
  /** The container's record; only of one that is kept after its exit. */
  readonly record: string;
  /** overlayfs's upper layer: what the container wrote. */
  readonly upper: string;
  /** overlayfs's work directory, on the same file system. */
  readonly work: string;
  /** Always empty as the host sees it. */
  readonly memory: string;
  /** What the monitor of a detached container keeps: its log, how it ended last, the socket to attach to. */
  readonly monitor: string;
  readonly log: string;
  readonly exit: string;
  readonly attach: string;
}

/** `root` is stateRoot(). */
export function placesOf(root: string, name: string): Places {
  const monitor = join(root, "monitors", name);
  return {
    name,
    root,
    lock: join(root, "locks", name),
    record: join(root, "records", name),
    upper: join(root, "containers", name),
    work: join(root, "work", name),
    memory: join(root, "memory"),
    monitor,
    log: join(monitor, "log"),
    exit: join(monitor, "exit"),
    attach: join(monitor, "attach"),
  };
}
