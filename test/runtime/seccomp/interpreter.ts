import type { Circumstances } from "../../../runtime/seccomp/profile.ts";
import type { Machine, Machine32 } from "../../../runtime/seccomp/system-calls.ts";
import { type Capability, DEFAULT_CAPABILITIES } from "../../../runtime/spec/security/capability.ts";

/** linux/audit.h, and the same numbers in seccomp.h's SCMP_ARCH_. */
export const ARCHITECTURE: Readonly<Record<Machine | Machine32, number>> = {
  x86_64: 0xc000003e,
  aarch64: 0xc00000b7,
  i386: 0x40000003,
  arm: 0x40000028,
};

/** struct seccomp_data of linux/seccomp.h. */
export interface Call {
  readonly architecture: number;
  readonly number: number;
  readonly args: readonly bigint[];
}

/** What a filter depends on, on a machine. */
export const there = (machine: Machine, capabilities: readonly Capability[] = DEFAULT_CAPABILITIES): Circumstances => ({
  machine,
  kernel: "6.1.0-13-amd64",
  capabilities,
});

/** A call of that machine; a negative number is one of 32 bits. */
export const call = (machine: Machine | Machine32, number: number, ...args: (number | bigint)[]): Call => ({
  architecture: ARCHITECTURE[machine],
  number: number >>> 0,
  args: Array.from({ length: 6 }, (_, i) => BigInt.asUintN(64, BigInt(args[i] ?? 0))),
});

const ARCHITECTURE_AT = 4;
const ARGUMENTS_AT = 16;
const DATA_BYTES = 64;

/** What a filter, struct sock_filter as two words each, returns for a call. */
export function verdict(filter: readonly number[], call: Call): number {
  const data = dataOf(call);
  let accumulator = 0;
  for (let at = 0; at < filter.length; at += 2) {
    const [head = 0, constant = 0] = filter.slice(at, at + 2);
    const [code, yes, no] = [head & 0xffff, (head >>> 16) & 0xff, head >>> 24];
    const jump = (holds: boolean) => (holds ? yes : no) * 2;
    switch (code) {
      case 0x20:
        accumulator = data.getUint32(constant, true);
        break;
      case 0x54:
        accumulator = (accumulator & constant) >>> 0;
        break;
      case 0x05:
        at += constant * 2;
        break;
      case 0x15:
        at += jump(accumulator === constant);
        break;
      case 0x25:
        at += jump(accumulator > constant);
        break;
      case 0x35:
        at += jump(accumulator >= constant);
        break;
      case 0x06:
        return constant;
      default:
        throw new Error(`the instruction 0x${code.toString(16)} is not one of a filter`);
    }
  }
  throw new Error("the filter ends without a verdict");
}

function dataOf({ architecture, number, args }: Call): DataView {
  const data = new DataView(new ArrayBuffer(DATA_BYTES));
  data.setUint32(0, number, true);
  data.setUint32(ARCHITECTURE_AT, architecture, true);
  for (const [i, argument] of args.entries()) data.setBigUint64(ARGUMENTS_AT + 8 * i, argument, true);
  return data;
}
