import { join } from "node:path";
import { keyOf, nameOfKey } from "./names.ts";

/** The paths of a container on the host, which depend on its key alone. */
export interface Places {
  readonly name: string;
  /** The name that it was made with, unless that was another's then. */
  readonly key: string;
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
  readonly health: string;
  /** The restart policy in docker's words, where it was changed since the container was made; its monitor reads it, too. */
  readonly restart: string;
  /** Its limits in JSON, where they were. */
  readonly limits: string;
  /** The networks that it is to be on, in JSON, where they were. */
  readonly networks: string;
  /** In that case the plan by which its monitor starts it again. */
  readonly plan: string;
  readonly attach: string;
}

/** `root` is stateRoot(). Of a name that no container has, where a new one would be. */
export function placesOf(root: string, name: string): Places {
  return placesIn(root, name, keyOf(root, name) ?? `${name}${KEYLESS}`);
}

/** No key ends with it. */
const KEYLESS = "~";

/** Undefined: see keyOf(). */
export function keyIn({ key }: Places): string | undefined {
  return key.endsWith(KEYLESS) ? undefined : key;
}

/** Those of the container that has this key, whatever its name is. */
export function placesAt(root: string, key: string): Places {
  return placesIn(root, nameOfKey(root, key), key);
}

export function lockPath(root: string, key: string): string {
  return join(root, "locks", key);
}

function placesIn(root: string, name: string, key: string): Places {
  const monitor = join(root, "monitors", key);
  return {
    name,
    key,
    root,
    lock: lockPath(root, key),
    record: join(root, "records", key),
    upper: join(root, "containers", key),
    work: join(root, "work", key),
    memory: join(root, "memory"),
    monitor,
    log: join(monitor, "log"),
    exit: join(monitor, "exit"),
    health: join(monitor, "health"),
    restart: join(monitor, "restart"),
    limits: join(monitor, "limits"),
    networks: join(monitor, "networks"),
    plan: join(monitor, "plan"),
    attach: join(monitor, "attach"),
  };
}
