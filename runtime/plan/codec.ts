import { OPS, type Step, type Text } from "./step.ts";

// All of this is native/plan.h; shim.ts compares the two when it loads the library.
const VERSION = 1;
const MAGIC = 0x6b636474;
const HEADER_BYTES = 24;
const STEP_BYTES = 72;
const STEP_NUMBERS_AT = 8;
const STEP_TEXTS_AT = 40;
const NUMBERS_MAX = 4;
const TEXTS_MAX = 4;
const STEPS_MAX = 2048;
const PLAN_BYTES_MAX = 4 << 20;
const OBJECT_BYTES = 232;
const REPORT_BYTES = 256;
const EVENT_OBJECT_AT = 32;
const SPAWNED_BYTES = 16;

export const EVENT_BYTES = EVENT_OBJECT_AT + OBJECT_BYTES;

const UINT32_MAX = 2 ** 32 - 1;
const FLAG_TIMED = 1;
const FLAG_OPTIONAL = 1;

const OP_NUMBERS = new Map(OPS.map((op, number) => [op, number]));

/** The bytes tinydocker-init reads. `timed`: it reports how long each step took. Throws RangeError beyond a limit. */
export function encodePlan(steps: readonly Step[], timed: boolean): Buffer {
  if (steps.length > STEPS_MAX) throw new RangeError(`a plan of ${steps.length} steps; ${STEPS_MAX} are the most`);
  const stringsAt = HEADER_BYTES + steps.length * STEP_BYTES;
  // One NUL in front: the empty text that absent ones point to.
  const stringBytes = steps.reduce((sum, { texts }) => texts.reduce((part, text) => part + sizeOf(text) + 1, sum), 1);
  if (stringsAt + stringBytes > PLAN_BYTES_MAX) {
    throw new RangeError(`a plan of ${stringsAt + stringBytes} bytes; ${PLAN_BYTES_MAX} are the most`);
  }
  const plan = Buffer.alloc(stringsAt + stringBytes);
  const header = [MAGIC, VERSION, timed ? FLAG_TIMED : 0, steps.length, stringBytes];
  for (const [i, word] of header.entries()) plan.writeUInt32LE(word, i * 4);
  let end = stringsAt + 1;
  for (const [i, step] of steps.entries()) {
    const at = HEADER_BYTES + i * STEP_BYTES;
    writeNumbers(plan, at, step);
    for (const [column, text] of step.texts.entries()) {
      const length = writeText(plan, end, text);
      plan.writeUInt32LE(end - stringsAt, at + STEP_TEXTS_AT + column * 8);
      plan.writeUInt32LE(length, at + STEP_TEXTS_AT + column * 8 + 4);
      end += length + 1;
    }
  }
  return plan;
}

function writeNumbers(plan: Buffer, at: number, step: Step): void {
  if (step.numbers.length > NUMBERS_MAX || step.texts.length > TEXTS_MAX)
    throw new RangeError(`${step.op} takes too much`);
  plan.writeUInt32LE(OP_NUMBERS.get(step.op) ?? OPS.length, at);
  plan.writeUInt32LE(step.optional ? FLAG_OPTIONAL : 0, at + 4);
  for (const [column, number] of step.numbers.entries()) {
    const to = at + STEP_NUMBERS_AT + column * 8;
    // Most fit into the lower half, and BigInt is slow.
    if (typeof number === "number" && number <= UINT32_MAX) plan.writeUInt32LE(number, to);
    else plan.writeBigUInt64LE(BigInt(number), to);
  }
}

function sizeOf(text: Text): number {
  if (text instanceof Uint8Array) return text.length;
  if (typeof text === "string") return Buffer.byteLength(text);
  return text.reduce((sum, item) => sum + Buffer.byteLength(item) + 1, 0);
}

/** Returns how many bytes it wrote; the NULs are there already. */
function writeText(plan: Buffer, at: number, text: Text): number {
  if (typeof text === "string") return plan.write(text, at);
  if (text instanceof Uint8Array) {
    plan.set(text, at);
    return text.length;
  }
  let end = at;
  for (const item of text) end += plan.write(item, end) + 1;
  return end - at;
}

/** What the shim's thread tells; `container` is the number td_spawn gave. */
export type ShimEvent = { readonly container: number } & (
  | { readonly kind: "step"; readonly step: number; readonly nanoseconds: bigint }
  | { readonly kind: "skipped" | "failed"; readonly step: number; readonly errno: number; readonly object: string }
  | { readonly kind: "executed" }
  /** As waitid(2): CLD_EXITED with an exit code, else with a signal's number. */
  | { readonly kind: "exited"; readonly exitCode: number | null; readonly signal: number | null }
  /** The character that sends this signal was typed at the container's terminal. */
  | { readonly kind: "typed"; readonly signal: number }
);

const CLD_EXITED = 1;

/** Decodes one event of EVENT_BYTES. */
export function decodeEvent(bytes: Buffer): ShimEvent {
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
    default:
      throw new Error(`the shim sent an event of kind ${bytes.readUInt32LE(0)}`);
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

/** td_abi() of the library this file was written for: FNV-1a of the layout and the operations' names, mixed with sizes. */
export function abi(): bigint {
  const layout = [
    VERSION,
    HEADER_BYTES,
    STEP_BYTES,
    STEP_NUMBERS_AT,
    STEP_TEXTS_AT,
    REPORT_BYTES,
    16,
    REPORT_BYTES - OBJECT_BYTES,
    OPS.length,
  ];
  const words = Buffer.from(new Uint32Array(layout).buffer);
  const names = Buffer.from(OPS.map((op) => `${op}\0`).join(""));
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.concat([words, names])) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash ^ BigInt(EVENT_BYTES) ^ (BigInt(SPAWNED_BYTES) << 32n);
}
