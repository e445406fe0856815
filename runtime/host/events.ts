import { CLD_EXITED } from "../linux.ts";

// As in native/shim.h; shim.ts compares the layouts when it loads the library.
const OBJECT_BYTES = 232;
const EVENT_OBJECT_AT = 32;
const SPAWNED_BYTES = 16;
const FUNCTIONS = 11;

export const EVENT_BYTES = EVENT_OBJECT_AT + OBJECT_BYTES;

/** What the shim's threads report; `container` is the number that td_spawn returned. */
export type ShimEvent = { readonly container: number } & (
  | { readonly kind: "step"; readonly step: number; readonly nanoseconds: bigint }
  | { readonly kind: "skipped" | "failed"; readonly step: number; readonly errno: number; readonly object: string }
  | { readonly kind: "executed" }
  /** Another process, with this pid, does the rest of the plan in place of the first one. */
  | { readonly kind: "cloned"; readonly pid: number }
  /** As waitid(2): CLD_EXITED with an exit code, else with a signal's number. */
  | { readonly kind: "exited"; readonly exitCode: number | null; readonly signal: number | null }
  /** The character that sends this signal was typed at the container's terminal. */
  | { readonly kind: "typed"; readonly signal: number }
);

/** This process got a signal of td_catch. */
export interface SignalEvent {
  readonly kind: "signal";
  readonly signal: number;
}

/** Decodes one event of EVENT_BYTES. */
export function decodeEvent(bytes: Buffer): ShimEvent | SignalEvent {
  const container = bytes.readUInt32LE(4);
  const step = bytes.readUInt32LE(8);
  const error = bytes.readInt32LE(12);
  const status = bytes.readInt32LE(16);
  switch (bytes.readUInt32LE(0)) {
    case 1:
      return { container, kind: "step", step, nanoseconds: bytes.readBigUInt64LE(24) };
    case 2:
      return { container, kind: "skipped", step, errno: error, object: objectOf(bytes) };
    case 3:
      return { container, kind: "failed", step, errno: error, object: objectOf(bytes) };
    case 4:
      return { container, kind: "executed" };
    case 5:
      return error === CLD_EXITED
        ? { container, kind: "exited", exitCode: status, signal: null }
        : { container, kind: "exited", exitCode: null, signal: status };
    case 6:
      return { container, kind: "typed", signal: status };
    case 7:
      return { kind: "signal", signal: status };
    case 8:
      return { container, kind: "cloned", pid: status };
    default:
      throw new Error(`the shim sent an event of the unknown kind ${bytes.readUInt32LE(0)}`);
  }
}

function objectOf(bytes: Buffer): string {
  const object = bytes.subarray(EVENT_OBJECT_AT);
  const end = object.indexOf(0);
  return object.toString("utf8", 0, end < 0 ? object.length : end);
}

/** What td_spawn fills in. */
export interface Spawned {
  readonly pid: number;
  readonly pidfd: number;
  readonly container: number;
  readonly stage: number;
}

export function decodeSpawned(bytes: Buffer): Spawned {
  return {
    pid: bytes.readInt32LE(0),
    pidfd: bytes.readInt32LE(4),
    container: bytes.readUInt32LE(8),
    stage: bytes.readUInt32LE(12),
  };
}

export function newSpawned(): Buffer {
  return Buffer.alloc(SPAWNED_BYTES);
}

/** A part of td_abi() of native/library/open.c. */
export function eventsLayout(): bigint {
  return BigInt(EVENT_BYTES) ^ (BigInt(SPAWNED_BYTES) << 32n) ^ (BigInt(FUNCTIONS) << 48n);
}
