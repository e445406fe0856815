import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { deviceLine } from "../../../runtime/cgroup/device-lines.ts";
import { deviceProgram } from "../../../runtime/cgroup/device-program.ts";
import { DEFAULT_DEVICES } from "../../../runtime/spec/security/device.ts";
import { type DeviceRule, deviceRules } from "../../../runtime/spec/security/device-rules.ts";
import fc from "../../rig/fast-check.ts";

interface Access {
  readonly type: "b" | "c";
  readonly major: number;
  readonly minor: number;
  /** Some of r, w and m. */
  readonly access: string;
}

/** What the rules say, by their definition: the last one that covers all that is asked for. */
function allowed(rules: readonly DeviceRule[], asked: Access): boolean {
  const covers = ({ type, major, minor, access }: DeviceRule) =>
    (type ?? asked.type) === asked.type &&
    (major ?? asked.major) === asked.major &&
    (minor ?? asked.minor) === asked.minor &&
    [...asked.access].every((letter) => access.includes(letter));
  return rules.findLast(covers)?.allow ?? false;
}

/** Runs a program as the kernel does: linux/bpf.h. */
function run(program: Uint8Array, { type, major, minor, access }: Access): boolean {
  const view = new DataView(program.buffer);
  const bits = [...access].reduce((sum, letter) => sum | ({ m: 1, r: 2, w: 4 }[letter] ?? 0), 0);
  const context = [(bits << 16) | { b: 1, c: 2 }[type], major, minor];
  const registers = new Array<number>(10).fill(Number.NaN);
  for (let at = 0; ; at += 1) {
    const [code, pair] = [view.getUint8(at * 8), view.getUint8(at * 8 + 1)];
    const [offset, immediate] = [view.getInt16(at * 8 + 2, true), view.getInt32(at * 8 + 4, true)];
    const [to, from] = [pair & 0xf, pair >> 4];
    const [value = Number.NaN, other = Number.NaN] = [registers[to], registers[from]];
    if (code === 0x95) return registers[0] === 1;
    if (code === 0x61) registers[to] = context[offset / 4] ?? Number.NaN;
    else if (code === 0xb7) registers[to] = immediate;
    else if (code === 0xbc) registers[to] = other;
    else if (code === 0x54) registers[to] = value & immediate;
    else if (code === 0x74) registers[to] = value >>> immediate;
    else if (code === 0x55) at += value === immediate ? 0 : offset;
    else if (code === 0x5d) at += value === other ? 0 : offset;
    else assert.fail(`unknown instruction 0x${code.toString(16)}`);
  }
}

const letters = fc.subarray(["r", "w", "m"], { minLength: 1 }).map((some) => some.join(""));
const type = fc.constantFrom("b" as const, "c" as const);
const number = fc.constantFrom(0, 1, 3, 5, 136, 4095);
const access = fc.record({ type, major: number, minor: number, access: letters });
const rule = fc.record(
  { allow: fc.boolean(), access: letters, type, major: number, minor: number },
  { requiredKeys: ["allow", "access"] },
);

test("a program decides as its rules do", () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 8 }), access, (rules, asked) => {
      assert.equal(run(deviceProgram(rules), asked), allowed(rules, asked));
    }),
    { numRuns: 1000 },
  );
});

describe("the devices of a container", () => {
  const usual = deviceRules(DEFAULT_DEVICES, false);
  const cases: readonly (readonly [string, Access, boolean])[] = [
    ["/dev/null", { type: "c", major: 1, minor: 3, access: "rw" }, true],
    ["a terminal", { type: "c", major: 136, minor: 9, access: "rw" }, true],
    ["/dev/ptmx", { type: "c", major: 5, minor: 2, access: "rw" }, true],
    ["a new node of a disk", { type: "b", major: 8, minor: 0, access: "m" }, true],
    ["a disk", { type: "b", major: 8, minor: 0, access: "r" }, false],
    ["/dev/mem", { type: "c", major: 1, minor: 1, access: "r" }, false],
    ["/dev/kmsg", { type: "c", major: 1, minor: 11, access: "w" }, false],
    ["the machine's console", { type: "c", major: 5, minor: 1, access: "w" }, false],
    ["a block device with the numbers of /dev/null", { type: "b", major: 1, minor: 3, access: "r" }, false],
  ];
  for (const [what, asked, expected] of cases)
    it(`${expected ? "include" : "do not include"} ${what}`, () =>
      assert.equal(run(deviceProgram(usual), asked), expected));

  it("include those it is given, and all with --privileged", () => {
    const disk: Access = { type: "b", major: 8, minor: 0, access: "rw" };
    assert.ok(run(deviceProgram(deviceRules([{ path: "/dev/sda", type: "b", major: 8, minor: 0 }], false)), disk));
    assert.ok(run(deviceProgram(deviceRules([], true)), disk));
  });

  it("are lines in cgroup v1", () => {
    const rules = [...deviceRules([{ path: "/dev/null", major: 1, minor: 3 }], false), ...deviceRules([], true)];
    assert.deepEqual(rules.map(deviceLine), [
      ["devices.deny", "a"],
      ["devices.allow", "c *:* m"],
      ["devices.allow", "b *:* m"],
      ["devices.allow", "c 5:2 rwm"],
      ["devices.allow", "c 136:* rwm"],
      ["devices.allow", "c 1:3 rwm"],
      ["devices.allow", "a"],
    ]);
  });
});
