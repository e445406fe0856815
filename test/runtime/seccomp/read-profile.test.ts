import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import { filterOf } from "../../../runtime/seccomp/filter.ts";
import { ACTIONS } from "../../../runtime/seccomp/profile.ts";
import { profileOf } from "../../../runtime/seccomp/read-profile.ts";
import fc from "../../rig/fast-check.ts";
import { call, there, verdict } from "./interpreter.ts";

const EPERM = ACTIONS.SCMP_ACT_ERRNO | 1;
const read = (profile: unknown) => profileOf(JSON.stringify(profile), "p.json");
const rule = (fields: object) => ({
  defaultAction: "SCMP_ACT_ERRNO",
  syscalls: [{ names: ["getpid"], action: "SCMP_ACT_ALLOW", ...fields }],
});
const getpid = (profile: unknown, first = 0, capabilities?: Parameters<typeof there>[1]) =>
  verdict(filterOf(read(profile), there("x86_64", capabilities)), call("x86_64", 39, first));

describe("a seccomp profile in docker's format", () => {
  it("applies the rules that are for this machine, kernel and container", () => {
    const at = (fields: object) => getpid(rule(fields)) === ACTIONS.SCMP_ACT_ALLOW;
    assert.deepEqual(
      [
        {},
        { includes: {}, excludes: null, args: null, comment: "any" },
        { includes: { arches: ["arm64", "amd64"] } },
        { includes: { arches: ["s390x"] } },
        { excludes: { arches: ["amd64"] } },
        { includes: { caps: ["CAP_CHOWN"] } },
        { includes: { caps: ["CAP_CHOWN", "CAP_SYS_ADMIN"] } },
        { excludes: { caps: ["CAP_SYS_ADMIN", "CAP_CHOWN"] } },
        { excludes: { caps: ["CAP_SYS_ADMIN"] } },
        { includes: { minKernel: "6.1" } },
        { includes: { minKernel: "6.2" } },
        { includes: { minKernel: "4.8" }, excludes: { minKernel: "5.19" } },
      ].map(at),
      [true, true, true, false, false, true, false, false, true, true, false, false],
    );
  });

  it("is also read as docker wrote it before version 17, with one name in a rule", () => {
    const profile = { defaultAction: "SCMP_ACT_ERRNO", architectures: ["SCMP_ARCH_X86_64"], syscalls: [] as object[] };
    profile.syscalls.push(
      { name: "getpid", action: "SCMP_ACT_ALLOW", args: [] },
      { name: "chown32", action: "SCMP_ACT_LOG" },
    );
    assert.equal(getpid(profile), ACTIONS.SCMP_ACT_ALLOW);
  });

  it("is for programs of 32 bits too where it lists their architecture, or has it beside the machine's", () => {
    const archMap = [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] }];
    const i386 = (fields: object) =>
      verdict(filterOf(read({ ...rule({}), ...fields }), there("x86_64")), call("i386", 20));
    const { SCMP_ACT_ALLOW, SCMP_ACT_KILL_PROCESS } = ACTIONS;
    for (const [fields, expected] of [
      [{}, SCMP_ACT_KILL_PROCESS],
      [{ architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_ARM"] }, SCMP_ACT_KILL_PROCESS],
      [{ architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"] }, SCMP_ACT_ALLOW],
      [{ archMap }, SCMP_ACT_ALLOW],
      [{ archMap: [{ architecture: "SCMP_ARCH_RISCV64", subArchitectures: null }] }, SCMP_ACT_KILL_PROCESS],
    ] as const)
      assert.equal(i386(fields), expected, JSON.stringify(fields));
  });

  it("means one of several conditions about the same argument, and all of those about different ones", () => {
    const condition = (index: number, value: number) => ({ index, op: "SCMP_CMP_EQ", value });
    const same = rule({ args: [condition(0, 1), condition(0, 2)] });
    const different = rule({ args: [condition(0, 1), condition(1, 2)] });
    assert.deepEqual(
      [0, 1, 2].map((first) => getpid(same, first) === EPERM),
      [true, false, false],
    );
    assert.deepEqual(
      [0, 1, 2].map((first) => getpid(different, first) === EPERM),
      [true, true, true],
    );
  });

  it("may have the names of errnos that podman's have, which do not count", () => {
    const profile = { ...rule({ errno: "ENOSYS" }), defaultErrno: "ENOSYS" };
    assert.equal(getpid({ ...profile, syscalls: [{ ...profile.syscalls[0], action: "SCMP_ACT_ERRNO" }] }), EPERM);
  });

  it("has errnos of its own", () => {
    assert.equal(getpid(rule({ action: "SCMP_ACT_ERRNO", errnoRet: 38 })), ACTIONS.SCMP_ACT_ERRNO | 38);
    assert.equal(getpid({ ...rule({ names: ["mseal"] }), defaultErrnoRet: 95 }), ACTIONS.SCMP_ACT_ERRNO | 95);
  });

  const BAD: readonly [unknown, RegExp, RegExp?][] = [
    [undefined, /p\.json is not JSON/],
    [[], /p\.json must be an object/],
    [null, /p\.json must be an object/],
    [{}, /p\.json: defaultAction must not be undefined/],
    [{ defaultAction: "SCMP_ACT_ALOW" }, /defaultAction must not be "SCMP_ACT_ALOW"/, /did you mean SCMP_ACT_ALLOW\?/],
    [{ defaultAction: "SCMP_ACT_NOTIFY" }, /defaultAction is SCMP_ACT_NOTIFY/],
    [{ ...rule({}), syscall: [] }, /has no field "syscall"/, /did you mean syscalls\?/],
    [{ ...rule({}), syscalls: {} }, /p\.json: syscalls must be a list/],
    [{ ...rule({}), flags: ["SECCOMP_FILTER_FLAG_NEW_LISTENER"] }, /flags\[0\] must not be/],
    [{ ...rule({}), defaultErrnoRet: 4096 }, /defaultErrnoRet must be a whole number from 0 to 4095, not 4096/],
    [rule({ arg: [] }), /syscalls\[0\] has no field "arg"/, /did you mean args\?/],
    [rule({ names: "getpid" }), /syscalls\[0\]\.names must be a list/],
    [rule({ names: [""] }), /syscalls\[0\]\.names\[0\] must be a text/],
    [rule({ name: "getpid" }), /syscalls\[0\] has both name and names/],
    [rule({ action: undefined }), /syscalls\[0\]\.action must not be undefined/],
    [rule({ errnoRet: -1 }), /syscalls\[0\]\.errnoRet must be a whole number/],
    [
      rule({ args: [{ index: 6, op: "SCMP_CMP_EQ", value: 1 }] }),
      /args\[0\]\.index must be a whole number from 0 to 5/,
    ],
    [rule({ args: [{ index: 0, op: "EQ", value: 1 }] }), /args\[0\]\.op must not be "EQ"/],
    [rule({ args: [{ index: 0, op: "SCMP_CMP_EQ", value: "1" }] }), /args\[0\]\.value must be a whole number/],
    [rule({ args: [{ index: 0, op: "SCMP_CMP_EQ", value: 2 ** 53 }] }), /args\[0\]\.value must be a whole number/],
    [rule({ includes: { cap: ["CAP_KILL"] } }), /includes has no field "cap"/, /did you mean caps\?/],
    [rule({ excludes: { minKernel: "4" } }), /excludes\.minKernel must be MAJOR\.MINOR/],
    [rule({ excludes: { minKernel: 4.8 } }), /excludes\.minKernel must be a text/],
  ];
  for (const [profile, message, remedy] of BAD) {
    it(`is refused with what is wrong and where: ${message.source}`, () => {
      assert.throws(
        () => profileOf(JSON.stringify(profile) ?? "{", "p.json"),
        (error) => {
          assert.ok(error instanceof Failure && error.code === "usage");
          assert.match(error.message, message);
          if (remedy) assert.match(error.remedy ?? "", remedy);
          return true;
        },
      );
    });
  }

  it("is read or refused, whatever the file contains", () => {
    const key = fc.constantFrom(
      "defaultAction",
      "syscalls",
      "names",
      "action",
      "args",
      "index",
      "op",
      "value",
      "includes",
      "caps",
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        fc.constantFrom("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "getpid", "SCMP_CMP_EQ", 0, 1, null),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(key, tie("any"), { maxKeys: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (profile) => {
        try {
          filterOf(read(profile), there("x86_64"));
        } catch (error) {
          assert.ok(error instanceof Failure && error.code === "usage", String(error));
        }
      }),
    );
  });
});
