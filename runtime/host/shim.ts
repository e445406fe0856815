import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import type { LibraryHandle } from "koffi";
import { Failure } from "../failure.ts";
import { ERRNO } from "../linux.ts";
import { errnoText } from "./errno.ts";
import { abi, decodeEvent, decodeSpawned, EVENT_BYTES, newSpawned, type ShimEvent, type Spawned } from "./events.ts";
import { type Artefacts, builtInPlace } from "./native.ts";
import { encodeSpawnOptions, optionsLayout, type SpawnOptions } from "./spawn-options.ts";

/** Where td_spawn failed: td_stage of native/shim.h. */
export type Stage = "prepare" | "clone" | "user map" | "descriptors" | "exec";
const STAGES: readonly Stage[] = ["prepare", "clone", "user map", "descriptors", "exec"];

/** The functions of native/shim.h; those that return a number return -errno on failure. */
export interface Shim {
  spawn(
    options: SpawnOptions & { readonly plan: Uint8Array },
  ): Spawned | { readonly errno: number; readonly stage: Stage };
  /** Calls `listener` with each event of a container until it exited, and keeps Node running until then. */
  listen(container: number, listener: (event: ShimEvent) => void): void;
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
  /** Removes a directory and everything below it; on another thread if that is much. */
  remove(path: string): Promise<number>;
  resize(container: number): number;
  foreground(container: number): number;
  /** A netlink socket in this process's network namespace; `protocol` as in PROTOCOL of network/netlink/numbers.ts. */
  netlinkOpen(protocol: number): number;
  /** Sends messages and stores what is answered; `outcome` is struct td_netlink_outcome. */
  netlink(fd: number, messages: Uint8Array, replies: Uint8Array, outcome: Uint8Array): number;
  raw(fd: number): number;
  restore(fd: number): number;
}

let opened: Promise<Shim> | undefined;

/** The shim of this process: one watcher thread and one pipe for all containers. */
export function openShim(): Promise<Shim> {
  opened ??= open().catch((error: unknown) => {
    // The reason may pass, such as too many open files: the next call tries again.
    opened = undefined;
    throw error;
  });
  return opened;
}

async function open(): Promise<Shim> {
  checkPlatform();
  const { default: koffi } = await import("koffi");
  const { library, init } = await load(koffi.load);
  const td = functionsOf(library);
  const bytes = readFileSync(init);
  const events: number = td.open(bytes, bytes.length);
  if (events === -ERRNO.EALREADY) {
    throw new Failure("another thread of this process already starts containers", {
      code: "native-failed",
      remedy: "start all containers of a process from one thread",
    });
  }
  if (events < 0)
    throw new Failure(`tinydocker's native part can't start: ${errnoText(-events)}`, { code: "native-failed" });
  return {
    ...td,
    spawn: ({ plan, ...options }) => spawn(td.spawn, plan, options),
    listen: listenTo(events),
    remove: (path) => remove(td.remove, path),
    netlink: (fd, messages, replies, outcome) =>
      td.netlink(fd, messages, messages.length, replies, replies.length, outcome),
    ended: (pidfd, milliseconds) => ended(td.wait, pidfd, milliseconds),
  };
}

/** A library of the system by its file's name, or undefined where it is not installed. */
export async function loadSystemLibrary(name: string): Promise<LibraryHandle | undefined> {
  const { default: koffi } = await import("koffi");
  try {
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

async function load(open: (path: string) => LibraryHandle): Promise<{ library: LibraryHandle; init: string }> {
  const matches = ({ library, init }: Artefacts) => {
    const handle = open(library);
    if (BigInt(handle.func("uint64_t td_abi()")()) === (abi() ^ optionsLayout())) return { library: handle, init };
    handle.unload();
    return undefined;
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

function functionsOf(library: LibraryHandle) {
  return {
    open: library.func("int td_open(const uint8_t *init, size_t length)"),
    spawn: library.func("int td_spawn(const uint8_t *plan, size_t length, const uint8_t *options, uint8_t *spawned)"),
    signal: library.func("int td_signal(int pidfd, int number)"),
    pidfd: library.func("int td_pidfd(int pid)"),
    wait: library.func("int td_wait(int pidfd, int milliseconds)"),
    lock: library.func("int td_lock(int fd)"),
    close: library.func("int td_close(int fd)"),
    openInside: library.func("int td_open_inside(const char *root, const char *path)"),
    remove: library.func("int td_remove(const char *path, uint32_t entries_max)"),
    resize: library.func("int td_resize(uint32_t container)"),
    foreground: library.func("int td_foreground(uint32_t container)"),
    netlinkOpen: library.func("int td_netlink_open(int protocol)"),
    netlink: library.func(
      "int td_netlink(int fd, const uint8_t *messages, size_t length, uint8_t *replies, size_t room, uint8_t *outcome)",
    ),
    raw: library.func("int td_raw(int fd)"),
    restore: library.func("int td_restore(int fd)"),
  };
}

type Functions = ReturnType<typeof functionsOf>;

function spawn(tdSpawn: Functions["spawn"], plan: Uint8Array, options: SpawnOptions): ReturnType<Shim["spawn"]> {
  const spawned = newSpawned();
  const result: number = tdSpawn(plan, plan.length, encodeSpawnOptions(options), spawned);
  const decoded = decodeSpawned(spawned);
  return result === 0 ? decoded : { errno: -result, stage: STAGES[decoded.stage] ?? "prepare" };
}

/** Removing as many entries takes about a millisecond; an ordinary run leaves fewer. */
const REMOVED_AT_ONCE_MAX = 64;
const UINT32_MAX = 2 ** 32 - 1;

function remove(tdRemove: Functions["remove"], path: string): Promise<number> {
  const result: number = tdRemove(path, REMOVED_AT_ONCE_MAX);
  if (result !== -ERRNO.EAGAIN) return Promise.resolve(result);
  return promised((done) => tdRemove.async(path, UINT32_MAX, done));
}

function ended(tdWait: Functions["wait"], pidfd: number, milliseconds: number): Promise<number> {
  return promised((done) => tdWait.async(pidfd, milliseconds, done));
}

/** What a function of the library returns that koffi calls on another thread. */
function promised(call: (done: (error: Error | null, result: number) => void) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)));
  });
}

function listenTo(events: number): Shim["listen"] {
  const listeners = new Map<number, (event: ShimEvent) => void>();
  const socket = new Socket({ fd: events, readable: true, writable: false });
  socket.unref();
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + EVENT_BYTES <= bytes.length; at += EVENT_BYTES) {
      const event = decodeEvent(bytes.subarray(at, at + EVENT_BYTES));
      const listener = listeners.get(event.container);
      if (event.kind === "exited") listeners.delete(event.container);
      if (listeners.size === 0) socket.unref();
      listener?.(event);
    }
    rest = bytes.subarray(at);
  });
  return (container, listener) => {
    listeners.set(container, listener);
    socket.ref();
  };
}
