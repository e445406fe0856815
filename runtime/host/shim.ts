import { closeSync, openSync, readFileSync } from "node:fs";
import type { LibraryHandle } from "koffi";
import { Failure } from "../failure.ts";
import { ERRNO } from "../linux.ts";
import { abi } from "./abi.ts";
import { errnoText } from "./errno.ts";
import { decodeEvent, decodeSpawned, newSpawned, type ShimEvent, type Spawned } from "./events.ts";
import { follow } from "./follow.ts";
import { encodeLife, type LifeOptions } from "./life-options.ts";
import { type Artefacts, builtInPlace } from "./native.ts";
import { encodeSpawnOptions, type SpawnOptions } from "./spawn-options.ts";

export const PROCESSES_REMEDY = "there are too many processes: see ulimit -u and the cgroup's pids.max";

/** Where td_spawn failed: td_stage of native/shim.h. */
export type Stage = "prepare" | "clone" | "cgroup" | "user map" | "descriptors" | "exec";
const STAGES: readonly Stage[] = ["prepare", "clone", "cgroup", "user map", "descriptors", "exec"];

/** The functions of native/shim.h; those that return a number return -errno on failure. */
export interface Shim {
  spawn(
    options: SpawnOptions & { readonly plan: Uint8Array },
  ): Spawned | { readonly errno: number; readonly stage: Stage };
  /** The same with a monitor as the parent; `container` of what it returns is a socket for `follow`. */
  detach(
    options: SpawnOptions & { readonly plan: Uint8Array },
    life: Omit<LifeOptions, "program">,
  ): Spawned | { readonly errno: number; readonly stage: Stage };
  /** The path of tinydocker-proxy. */
  readonly proxy: string;
  /** Calls `listener` with each event of a detached container until its command runs, or it has ended. */
  follow(socket: number, listener: (event: ShimEvent) => void): void;
  /** Calls `listener` with each event of a container until it exited, and keeps Node running until then. */
  listen(container: number, listener: (event: ShimEvent) => void): void;
  /** Calls `listener` with each of these signals that this process gets from now on, but does not keep Node running. */
  catchSignals(signals: readonly number[], listener: (signal: number) => void): void;
  signal(pidfd: number, number: number): number;
  pidfd(pid: number): number;
  /** Waits for the end of a process that need not be a child; blocks this thread. */
  wait(pidfd: number, milliseconds: number): number;
  /** The same on another thread. */
  ended(pidfd: number, milliseconds: number): Promise<number>;
  lock(fd: number): number;
  /** Closes a descriptor that one of these functions returned; if a worker thread closed it itself, Node.js would warn. */
  close(fd: number): number;
  /** Opens a file below `root` for reading; no symlink leads out of `root`. */
  openInside(root: string, path: string): number;
  /** Puts a file in the place of another, or where there is none, at once; but it may be empty after a loss of power. */
  replace(from: string, to: string): number;
  /** Removes a directory and everything below it; on another thread if that is much, or `others` would wait for it. */
  remove(path: string, others?: boolean): Promise<number>;
  /** Writes to the disk what was written to the file system of a directory, on another thread. */
  sync(directory: string): Promise<number>;
  /** Starts a process that ends the container when this one was killed, whatever rights the container has gained. */
  guard(container: number): number;
  /** The same, without waiting for it: the container's plan waits, at AWAIT of REPORT_SLOT. */
  guardAside(container: number): number;
  /** Signals the process that does the plan, which after the event `cloned` is not the first one. */
  kill(container: number, signal: number): number;
  dropOutput(container: number): number;
  /** Lets a BPF program decide which devices a cgroup v2 can use, by its directory's descriptor. */
  cgroupDevices(cgroup: number, program: Uint8Array): number;
  resize(container: number): number;
  foreground(container: number): number;
  /** Stores the end of a new pipe to read from, and the other one. */
  pipe(ends: Int32Array): number;
  /** The index of a link in this process's network namespace, without waiting while others change links. */
  linkIndex(name: string): number;
  /** A netlink socket in this process's network namespace; `protocol` as in PROTOCOL of network/netlink/numbers.ts. */
  netlinkOpen(protocol: number): number;
  /** Sends messages and stores what is answered; `outcome` is struct td_netlink_outcome. */
  netlink(fd: number, messages: Uint8Array, replies: Uint8Array, outcome: Uint8Array): number;
  /** Sends messages as one transaction of netfilter's. After a failure, the socket is to be closed. */
  netlinkTransaction(fd: number, messages: Uint8Array, outcome: Uint8Array): number;
  /** lsetxattr(2), llistxattr(2) and lgetxattr(2); a path and a name end with a zero byte. */
  setAttribute(path: Uint8Array, name: Uint8Array, value: Uint8Array): number;
  listAttributes(path: Uint8Array, names: Uint8Array): number;
  getAttribute(path: Uint8Array, name: Uint8Array, value: Uint8Array): number;
  /** mknod(2): a device, with the type in the mode; the path ends with a zero byte. */
  makeNode(path: Uint8Array, mode: number, major: number, minor: number): number;
  /** Decompresses a part of what gzip compressed, on another thread: td_gunzip of native/shim.h. */
  gunzip(state: Uint8Array, input: Uint8Array, output: Uint8Array, done: Uint32Array): Promise<number>;
  /** SHA-256 in parts, each on another thread; what is added must not change until then. */
  digestBegin(state: Uint8Array): number;
  digestAdd(state: Uint8Array, bytes: Uint8Array): Promise<number>;
  digestEnd(state: Uint8Array, digest: Uint8Array): number;
  raw(fd: number): number;
  restore(fd: number): number;
}

let shared: Promise<Shim> | undefined;

/** The shim of this process: one watcher thread and one pipe for all containers. */
export function openShim(): Promise<Shim> {
  shared ??= open().catch((error: unknown) => {
    // The reason may pass, such as too many open files: the next call tries again.
    shared = undefined;
    throw error;
  });
  return shared;
}

async function open(): Promise<Shim> {
  checkPlatform();
  const { library: td, init, monitor, proxy } = await load();
  const source = eventSource(td);
  const opened = td.open(readFileSync(init), source.deliver);
  if (opened === -ERRNO.EALREADY) {
    throw new Failure("another thread of this process already starts containers", {
      code: "native-failed",
      remedy: "start all containers of a process from one thread",
    });
  }
  if (opened < 0)
    throw new Failure(`tinydocker's native part can't start: ${errnoText(-opened)}`, {
      code: opened === -ERRNO.EAGAIN ? "limit-reached" : "native-failed",
      ...(opened === -ERRNO.EAGAIN ? { remedy: PROCESSES_REMEDY } : {}),
    });
  return {
    ...td,
    spawn: ({ plan, ...options }) => spawn(td, plan, options),
    detach: (options, life) => detach(td, monitor, options, life),
    follow,
    proxy,
    listen: source.listen,
    catchSignals: (signals, listener) => {
      source.onSignal(listener);
      for (const signal of signals) td.catchSignal(signal);
    },
    openInside: (root, path) => td.openInside(textOf(root), textOf(path)),
    linkIndex: (name) => td.linkIndex(textOf(name)),
    replace: (from, to) => td.replace(textOf(from), textOf(to)),
    remove: (path, others = false) => remove(td, path, others),
    sync: async (directory) => td.sync(textOf(directory)),
  };
}

/** A library of the system by its file's name, or undefined where it is not installed. */
export async function loadSystemLibrary(name: string): Promise<LibraryHandle | undefined> {
  try {
    const { default: koffi } = await import("koffi");
    return koffi.load(name);
  } catch {
    return undefined;
  }
}

/** Throws Failure unless this machine is Linux. */
export function checkPlatform(): void {
  if (process.platform === "linux") return;
  throw new Failure(`tinydocker runs containers on Linux, and this is ${process.platform}`, {
    code: "platform-unsupported",
    remedy: "devtool run NAME CMD runs it on a Linux machine from here",
  });
}

/** The functions of native/library/addon.c; text is UTF-8 with a zero byte at its end. */
interface Library
  extends Omit<
    Shim,
    | "spawn"
    | "detach"
    | "follow"
    | "proxy"
    | "listen"
    | "forget"
    | "catchSignals"
    | "openInside"
    | "linkIndex"
    | "replace"
    | "remove"
    | "sync"
  > {
  abi(): bigint;
  /** `deliver` gets each event, and must not throw. */
  open(init: Uint8Array, deliver: (event: Buffer) => void): number;
  /** 1: until it is called with 0, Node.js runs. */
  keepRunning(keep: 0 | 1): number;
  spawn(plan: Uint8Array, options: Uint8Array, spawned: Uint8Array): number;
  detach(plan: Uint8Array, options: Uint8Array, life: Uint8Array, spawned: Uint8Array): number;
  catchSignal(signal: number): number;
  openInside(root: Uint8Array, path: Uint8Array): number;
  linkIndex(name: Uint8Array): number;
  replace(from: Uint8Array, to: Uint8Array): number;
  remove(path: Uint8Array, entriesMax: number): number;
  /** Without a limit, on another thread. */
  removeAll(path: Uint8Array): Promise<number> | number;
  sync(directory: Uint8Array): Promise<number> | number;
}

async function load(): Promise<Omit<Artefacts, "library"> & { library: Library }> {
  const matches = ({ library: path, ...programs }: Artefacts) => {
    const library = opened(path);
    return library?.abi() === abi() ? { library, ...programs } : undefined;
  };
  const built = builtInPlace();
  const current = built && matches(built);
  if (current) return current;
  // Loaded only now: what it imports takes longer to load than the rest of this program.
  const { cachedOrCompiled, compile } = await import("./compile.ts");
  const loaded = (built ? undefined : matches(cachedOrCompiled())) ?? matches(compile());
  if (loaded) return loaded;
  throw new Failure("native/ and this program are of different versions", {
    code: "native-mismatch",
    remedy: "make -C native clean, then try again",
  });
}

/** undefined: a library of before native/library/addon.c, which Node.js does not take for an add-on. */
function opened(path: string): Library | undefined {
  const module: { exports: Partial<Library> } = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message.includes("did not self-register")) return undefined;
    throw new Failure(`tinydocker's native part can't be loaded: ${message}`, { code: "native-failed", cause: error });
  }
  return module.exports.abi ? (module.exports as Library) : undefined;
}

function textOf(path: string): Uint8Array {
  return Buffer.from(`${path}\0`);
}

function spawn(td: Library, plan: Uint8Array, options: SpawnOptions): ReturnType<Shim["spawn"]> {
  const spawned = newSpawned();
  const result = td.spawn(plan, encodeSpawnOptions(options), spawned);
  const decoded = decodeSpawned(spawned);
  return result === 0 ? decoded : { errno: -result, stage: STAGES[decoded.stage] ?? "prepare" };
}

function detach(
  td: Library,
  monitor: string,
  { plan, ...options }: SpawnOptions & { readonly plan: Uint8Array },
  life: Omit<LifeOptions, "program">,
): ReturnType<Shim["detach"]> {
  const program = openSync(monitor, "r");
  try {
    const spawned = newSpawned();
    const result = td.detach(plan, encodeSpawnOptions(options), encodeLife({ ...life, program }), spawned);
    const decoded = decodeSpawned(spawned);
    return result === 0 ? decoded : { errno: -result, stage: STAGES[decoded.stage] ?? "prepare" };
  } finally {
    closeSync(program);
  }
}

/** Removing as many entries takes about a millisecond; an ordinary run leaves fewer. */
const REMOVED_AT_ONCE_MAX = 64;

/** Without others, another thread takes longer to start than what is removed here. */
async function remove(td: Library, path: string, others: boolean): Promise<number> {
  const result = others ? -ERRNO.EAGAIN : td.remove(textOf(path), REMOVED_AT_ONCE_MAX);
  return result === -ERRNO.EAGAIN ? td.removeAll(textOf(path)) : result;
}

function eventSource(td: Library) {
  let onSignal = (_signal: number) => {};
  const listeners = new Map<number, (event: ShimEvent) => void>();
  const forget = (container: number) => {
    if (listeners.delete(container) && listeners.size === 0) td.keepRunning(0);
  };
  const pass = (bytes: Buffer) => {
    const event = decodeEvent(bytes);
    if (event.kind === "signal") return onSignal(event.signal);
    const listener = listeners.get(event.container);
    if (event.kind === "exited") forget(event.container);
    listener?.(event);
  };
  return {
    deliver: (bytes: Buffer) => {
      try {
        pass(bytes);
      } catch (error) {
        setImmediate(() => {
          throw error;
        });
      }
    },
    listen: (container: number, listener: (event: ShimEvent) => void) => {
      listeners.set(container, listener);
      td.keepRunning(1);
    },
    forget,
    onSignal: (listener: typeof onSignal) => {
      onSignal = listener;
    },
  };
}
