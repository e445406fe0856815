import type { DeviceRule } from "../spec/security/device-rules.ts";

/*
 * A program of BPF_PROG_TYPE_CGROUP_DEVICE: linux/bpf.h, struct bpf_cgroup_dev_ctx. The kernel runs it when a process of the
 * cgroup opens a device or makes a node, and refuses that where it returns 0.
 */

type Instruction = readonly [code: number, registers: number, offset: number, immediate: number];

const INSTRUCTION_BYTES = 8;
/** The context's words: access << 16 | type, major, minor. */
const [TYPE, ACCESS, MAJOR, MINOR] = [2, 3, 4, 5];
const [CONTEXT, RESULT, SCRATCH] = [1, 0, 6];
const LOAD = 0x61;
const MOVE_IMMEDIATE = 0xb7;
const MOVE = 0xbc;
const AND = 0x54;
const SHIFT_RIGHT = 0x74;
const JUMP_NOT_EQUAL = 0x55;
const JUMP_NOT_EQUAL_REGISTER = 0x5d;
const EXIT = 0x95;

const TYPES = { b: 1, c: 2 };
const ACCESSES = { m: 1, r: 2, w: 4 };
const EVERY_ACCESS = 7;

/** The program that decides as the rules do; what none allows is refused. */
export function deviceProgram(rules: readonly DeviceRule[]): Uint8Array {
  // The last rule that applies counts. The kernel refuses a program with code that is never reached.
  const always = rules.findLastIndex(isForAll);
  const code = [
    ...HEAD,
    ...rules
      .slice(always + 1)
      .toReversed()
      .flatMap(ruleCode),
    ...returning(rules[always]?.allow ? 1 : 0),
  ];
  const bytes = new Uint8Array(code.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, [opcode, registers, offset, immediate]] of code.entries()) {
    const at = i * INSTRUCTION_BYTES;
    view.setUint8(at, opcode);
    view.setUint8(at + 1, registers);
    view.setInt16(at + 2, offset, true);
    view.setInt32(at + 4, immediate, true);
  }
  return bytes;
}

const HEAD: readonly Instruction[] = [
  [LOAD, pair(TYPE, CONTEXT), 0, 0],
  [MOVE, pair(ACCESS, TYPE), 0, 0],
  [AND, TYPE, 0, 0xffff],
  [SHIFT_RIGHT, ACCESS, 0, 16],
  [LOAD, pair(MAJOR, CONTEXT), 4, 0],
  [LOAD, pair(MINOR, CONTEXT), 8, 0],
];

function isForAll({ type, major, minor, access }: DeviceRule): boolean {
  return type === undefined && major === undefined && minor === undefined && maskOf(access) === EVERY_ACCESS;
}

function maskOf(access: string): number {
  return [...access].reduce((bits, letter) => bits | (ACCESSES[letter as keyof typeof ACCESSES] ?? 0), 0);
}

/** Jumps over itself where the rule does not apply. */
function ruleCode({ allow, type, major, minor, access }: DeviceRule): Instruction[] {
  const mask = maskOf(access);
  const tests: Instruction[] = [
    ...(type === undefined ? [] : [unless(TYPE, TYPES[type])]),
    ...(mask === EVERY_ACCESS ? [] : unlessWithin(mask)),
    ...(major === undefined ? [] : [unless(MAJOR, major)]),
    ...(minor === undefined ? [] : [unless(MINOR, minor)]),
  ];
  const verdict = returning(allow ? 1 : 0);
  const length = tests.length + verdict.length;
  return [...tests.map((test, i) => (isJump(test) ? to(test, length - i - 1) : test)), ...verdict];
}

function unless(register: number, value: number): Instruction {
  return [JUMP_NOT_EQUAL, register, 0, value];
}

/** All that is asked for must be in the mask. */
function unlessWithin(mask: number): Instruction[] {
  return [
    [MOVE, pair(SCRATCH, ACCESS), 0, 0],
    [AND, SCRATCH, 0, mask],
    [JUMP_NOT_EQUAL_REGISTER, pair(SCRATCH, ACCESS), 0, 0],
  ];
}

function isJump([code]: Instruction): boolean {
  return code === JUMP_NOT_EQUAL || code === JUMP_NOT_EQUAL_REGISTER;
}

function to([code, registers, , immediate]: Instruction, offset: number): Instruction {
  return [code, registers, offset, immediate];
}

function returning(value: number): Instruction[] {
  return [
    [MOVE_IMMEDIATE, RESULT, 0, value],
    [EXIT, 0, 0, 0],
  ];
}

function pair(destination: number, source: number): number {
  return destination | (source << 4);
}
