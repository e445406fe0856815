import { CLONE } from "../linux.ts";
import { LIFE_LAYOUT } from "./life-options.ts";

/** What td_spawn starts, except the plan. Descriptors stay open in this process. */
export interface SpawnOptions {
  /** CLONE_NEW* */
  readonly namespaces: number;
  /** Descriptors for the command's 0, 1 and 2. */
  readonly stdio: readonly [number, number, number];
  /** Kept open by the init until it executes the command; -1: none. */
  readonly lock: number;
  /**
   * Who is root in the new user namespace, if there is one, and alone there. Without it, its users are mapped once the
   * process runs, which has to wait for that.
   */
  readonly identity?: { readonly uid: number; readonly gid: number } | undefined;
  readonly terminal: boolean;
  /** Which of 0, 1 and 2 are pipes that are copied to or from `stdio`. Without a terminal. */
  readonly relayed?: readonly number[];
  /** At most 32 descriptors; they become the plan's slots 0, 1, …, and the command does not get them. */
  readonly extra?: readonly number[];
  /** A directory of cgroup2 to start in; the calling thread waits while that cgroup is frozen. */
  readonly cgroup?: number;
  /** At most 32: the file `tasks` of cgroups v1 to start in, open to be written to. */
  readonly joins?: readonly number[];
}

// struct td_spawn_options of native/shim.h, in its order.
const BYTES = 328;
const NAMESPACES_AT = 0;
const STDIO_AT = 8;
const LOCK_AT = 20;
const CGROUP_AT = 24;
const TERMINAL_AT = 28;
const UID_MAP_AT = 32;
const GID_MAP_AT = 44;
const EXTRA_COUNT_AT = 56;
const JOINS_COUNT_AT = 60;
const EXTRA_AT = 64;
const EXTRA_MAX = 32;
const JOINS_AT = 192;
const JOINS_MAX = 32;
const RELAYED_AT = 320;

/** The bytes of struct td_spawn_options. Throws RangeError for more descriptors than fit. */
export function encodeSpawnOptions(options: SpawnOptions): Uint8Array {
  const { namespaces, stdio, lock, identity, terminal, relayed = [], extra = [], cgroup = -1, joins = [] } = options;
  const bytes = new Uint8Array(BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(NAMESPACES_AT, BigInt(namespaces), true);
  for (const [i, fd] of stdio.entries()) view.setInt32(STDIO_AT + i * 4, fd, true);
  view.setInt32(LOCK_AT, lock, true);
  view.setInt32(CGROUP_AT, cgroup, true);
  view.setUint32(TERMINAL_AT, terminal ? 1 : 0, true);
  view.setUint32(
    RELAYED_AT,
    relayed.reduce((bits, fd) => bits | (1 << fd), 0),
    true,
  );
  if (identity && (namespaces & CLONE.CLONE_NEWUSER) !== 0) {
    writeMapOfRoot(view, UID_MAP_AT, identity.uid);
    writeMapOfRoot(view, GID_MAP_AT, identity.gid);
  }
  writeDescriptors(view, { countAt: EXTRA_COUNT_AT, at: EXTRA_AT, most: EXTRA_MAX }, extra);
  writeDescriptors(view, { countAt: JOINS_COUNT_AT, at: JOINS_AT, most: JOINS_MAX }, joins);
  return bytes;
}

interface Room {
  readonly countAt: number;
  readonly at: number;
  readonly most: number;
}

function writeDescriptors(view: DataView, { countAt, at, most }: Room, descriptors: readonly number[]): void {
  if (descriptors.length > most) throw new RangeError(`at most ${most} descriptors, got ${descriptors.length}`);
  view.setUint32(countAt, descriptors.length, true);
  for (const [i, fd] of descriptors.entries()) view.setInt32(at + i * 4, fd, true);
}

/** Inside, outside, count. Without privileges the kernel accepts only a map of the caller's own id. */
function writeMapOfRoot(view: DataView, at: number, id: number): void {
  view.setUint32(at, 0, true);
  view.setUint32(at + 4, id, true);
  view.setUint32(at + 8, 1, true);
}

/** options_layout() of native/library/open.c, a part of td_abi(). */
export function optionsLayout(): bigint {
  const layout = [
    BYTES,
    NAMESPACES_AT,
    STDIO_AT,
    LOCK_AT,
    CGROUP_AT,
    TERMINAL_AT,
    UID_MAP_AT,
    GID_MAP_AT,
    EXTRA_COUNT_AT,
    EXTRA_AT,
    EXTRA_MAX,
    JOINS_COUNT_AT,
    JOINS_AT,
    JOINS_MAX,
    RELAYED_AT,
    ...LIFE_LAYOUT,
  ];
  return layout.reduce((hash, number) => BigInt.asUintN(64, hash * 31n + BigInt(number)), 0n);
}
