import type { Condition } from "./profile.ts";
import { type Label, type Program, TEST } from "./program.ts";

/** Where an argument is in struct seccomp_data; its halves are compared one after the other. */
const ARGUMENTS_AT = 16;
const ARGUMENT_BYTES = 8;
const HALF_BYTES = 4;

interface Halves {
  readonly low: number;
  readonly high: number;
}

/** Code that goes on at `yes` if the condition holds, else at `no`. */
export function compare(program: Program, condition: Condition, yes: Label, no: Label): Label {
  const at = ARGUMENTS_AT + ARGUMENT_BYTES * condition.index;
  const value = halvesOf(condition.value);
  switch (condition.op) {
    case "SCMP_CMP_EQ":
      return equal(program, at, value, yes, no);
    case "SCMP_CMP_NE":
      return equal(program, at, value, no, yes);
    case "SCMP_CMP_GE":
      return ordered(program, at, TEST.atLeast, value, yes, no);
    case "SCMP_CMP_LT":
      return ordered(program, at, TEST.atLeast, value, no, yes);
    case "SCMP_CMP_GT":
      return ordered(program, at, TEST.above, value, yes, no);
    case "SCMP_CMP_LE":
      return ordered(program, at, TEST.above, value, no, yes);
    case "SCMP_CMP_MASKED_EQ":
      return masked(program, at, value, halvesOf(condition.valueTwo ?? 0), yes, no);
  }
}

/** Of a number below 2^53. */
function halvesOf(value: number): Halves {
  return { low: value >>> 0, high: Math.floor(value / 2 ** 32) };
}

function equal(program: Program, at: number, value: Halves, yes: Label, no: Label): Label {
  const low = program.load(at, program.test(TEST.equal, value.low, yes, no));
  return program.load(at + HALF_BYTES, program.test(TEST.equal, value.high, low, no));
}

/** The upper half decides, unless it is equal. */
function ordered(program: Program, at: number, test: number, value: Halves, yes: Label, no: Label): Label {
  const low = program.load(at, program.test(test, value.low, yes, no));
  const same = program.test(TEST.equal, value.high, low, no);
  return program.load(at + HALF_BYTES, program.test(TEST.above, value.high, yes, same));
}

/** Bits of the value outside the mask are ignored, as by libseccomp. */
function masked(program: Program, at: number, mask: Halves, value: Halves, yes: Label, no: Label): Label {
  const half = (offset: number, bits: number, expected: number, next: Label) =>
    program.load(offset, program.mask(bits, program.test(TEST.equal, (expected & bits) >>> 0, next, no)));
  return half(at + HALF_BYTES, mask.high, value.high, half(at, mask.low, value.low, yes));
}
