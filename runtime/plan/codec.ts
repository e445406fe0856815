import { ERRNO } from "../linux.ts";
import { FIELDS, type Kind, type Step } from "./step.ts";

// As in native/plan.h; host/shim.ts compares the layouts when it loads the library.
const VERSION = 1;
const MAGIC = 0x6b636474;
const HEADER_BYTES = 24;
const FIELDS_AT = 8;
const FIELD_BYTES = 8;
const STEPS_MAX = 2048;
const PLAN_BYTES_MAX = 4 << 20;
const REPORT_BYTES = 256;
const REPORT_NANOSECONDS_AT = 16;
const REPORT_OBJECT_AT = 24;
const FLAG_TIMED = 1;
const EXCUSED_ALWAYS = 2 ** 32 - 1;

interface Layout {
  readonly number: number;
  readonly names: readonly string[];
}

/** Of each operation, in wire order. */
const LAYOUTS: ReadonlyMap<string, Layout> = new Map(
  Object.entries(FIELDS).map(([op, fields], number) => [op, { number, names: Object.keys(fields) }]),
);

/** Every step is as long as the longest. */
const STEP_BYTES = FIELDS_AT + FIELD_BYTES * Math.max(...Array.from(LAYOUTS.values(), ({ names }) => names.length));

/** Enough for the strings of most plans. */
const STRING_BYTES_USUAL = 16 << 10;

/** The plan so far. The strings come last, each written at the end. */
interface Draft {
  bytes: Uint8Array;
  view: DataView;
  end: number;
  readonly stringsAt: number;
}

/** The bytes tinydocker-init reads. `timed`: it reports how long each step took. Throws RangeError beyond a limit. */
export function encodePlan(steps: readonly Step[], timed: boolean): Uint8Array {
  if (steps.length > STEPS_MAX) throw new RangeError(`at most ${STEPS_MAX} steps in a plan, got ${steps.length}`);
  const stringsAt = HEADER_BYTES + steps.length * STEP_BYTES;
  const bytes = new Uint8Array(stringsAt + STRING_BYTES_USUAL);
  const plan: Draft = { bytes, view: new DataView(bytes.buffer), end: stringsAt, stringsAt };
  let at = HEADER_BYTES;
  for (const step of steps) {
    writeStep(plan, at, step);
    at += STEP_BYTES;
  }
  if (plan.end > PLAN_BYTES_MAX) throw tooLong();
  const header = [MAGIC, VERSION, timed ? FLAG_TIMED : 0, steps.length, plan.end - stringsAt];
  for (const [i, word] of header.entries()) plan.view.setUint32(i * 4, word, true);
  return plan.bytes.subarray(0, plan.end);
}

function tooLong(): RangeError {
  return new RangeError(`at most ${PLAN_BYTES_MAX} bytes in a plan`);
}

function writeStep(plan: Draft, at: number, step: Step): void {
  const layout = LAYOUTS.get(step.op);
  if (!layout) throw new RangeError(`${step.op} is not a step`);
  plan.view.setUint32(at, layout.number, true);
  plan.view.setUint32(at + 4, excuseNumber(step.excusedBy), true);
  const values: Readonly<Record<string, Value | undefined>> = step;
  let to = at + FIELDS_AT;
  for (const name of layout.names) {
    writeField(plan, to, values[name]);
    to += FIELD_BYTES;
  }
}

function excuseNumber(excusedBy: Step["excusedBy"]): number {
  if (excusedBy === undefined) return 0;
  return excusedBy === "any" ? EXCUSED_ALWAYS : ERRNO[excusedBy];
}

type Value = number | bigint | string | readonly (string | number)[];

function writeField(plan: Draft, at: number, value: Value | undefined): void {
  if (value === undefined) throw new RangeError("a step of the plan lacks a field");
  if (typeof value === "number" || typeof value === "bigint") writeNumber(plan.view, at, value);
  else writeBytes(plan, at, value);
}

function writeBytes(plan: Draft, at: number, value: string | readonly (string | number)[]): void {
  const begin = plan.end;
  if (typeof value === "string") writeText(plan, value);
  else for (const item of value) writeItem(plan, item);
  plan.view.setUint32(at, begin - plan.stringsAt, true);
  plan.view.setUint32(at + 4, plan.end - begin, true);
  plan.end += 1; // a NUL: the buffer is zeroed
}

function writeNumber(view: DataView, at: number, value: number | bigint): void {
  // Most have at most 32 bits, and BigInt is slow.
  if (typeof value === "number" && isWord(value)) {
    view.setUint32(at, value, true);
    return;
  }
  const big = BigInt(value);
  if (big !== BigInt.asUintN(64, big)) throw new RangeError(`${value} is not a number of 64 bits`);
  view.setBigUint64(at, big, true);
}

function isWord(value: number): boolean {
  return value >>> 0 === value;
}

function writeItem(plan: Draft, item: string | number): void {
  if (typeof item === "string") {
    writeText(plan, item);
    plan.end += 1;
  } else {
    if (!isWord(item)) throw new RangeError(`${item} is not a number of 32 bits`);
    makeRoom(plan, 4);
    plan.view.setUint32(plan.end, item, true);
    plan.end += 4;
  }
}

const UTF8 = new TextEncoder();
const UTF8_BYTES_MAX = 3;
/** For a longer text the encoder is faster: in a program that has just started, such a loop is interpreted. */
const ASCII_LENGTH_MAX = 16;

function writeText(plan: Draft, text: string): void {
  makeRoom(plan, text.length * UTF8_BYTES_MAX);
  if (text.length > ASCII_LENGTH_MAX || !writeAscii(plan, text))
    plan.end += UTF8.encodeInto(text, plan.bytes.subarray(plan.end)).written;
}

function writeAscii(plan: Draft, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    plan.bytes[plan.end + i] = code;
  }
  plan.end += text.length;
  return true;
}

/** Makes room for `bytes` more and two NULs after them. */
function makeRoom(plan: Draft, bytes: number): void {
  const needed = plan.end + bytes + 2;
  if (needed <= plan.bytes.length) return;
  if (plan.end > PLAN_BYTES_MAX || bytes > UTF8_BYTES_MAX * PLAN_BYTES_MAX) throw tooLong();
  const grown = new Uint8Array(needed * 2);
  grown.set(plan.bytes);
  plan.bytes = grown;
  plan.view = new DataView(grown.buffer);
}

/** td_layout() of the library this file was written for: FNV-1a of the version, the sizes and the table of steps. */
export function planLayout(): number {
  const sizes = [VERSION, HEADER_BYTES, STEP_BYTES, FIELDS_AT, REPORT_BYTES, REPORT_NANOSECONDS_AT, REPORT_OBJECT_AT];
  return fnv1a(fnv1a(0x811c9dc5, new Uint8Array(new Uint32Array(sizes).buffer)), UTF8.encode(tableText()));
}

/** `MKDIR(NUMBER mode,TEXT path,)WRITE(…` */
function tableText(): string {
  const lines = Object.entries(FIELDS).map(([op, fields]) => {
    const words = Object.entries<Kind>(fields).map(([name, kind]) => `${kind.toUpperCase()} ${name},`);
    return `${op}(${words.join("")})`;
  });
  return lines.join("");
}

function fnv1a(seed: number, bytes: Uint8Array): number {
  let hash = seed;
  // By index: an iterator takes three times as long while it is interpreted, as in a program that has just started.
  for (let i = 0; i < bytes.length; i += 1) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}
