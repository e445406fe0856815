import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { filterOf } from "../../../runtime/seccomp/filter.ts";
import {
  ACTIONS,
  type Action,
  type Condition,
  OPERATORS,
  type Profile,
  type Rule,
} from "../../../runtime/seccomp/profile.ts";
import { systemCalls } from "../../../runtime/seccomp/system-calls.ts";
import fc from "../../rig/fast-check.ts";
import { needs } from "../../rig/host.ts";
import { type Call, call, there, verdict } from "./interpreter.ts";
import { compiledByLibseccomp, noLibseccomp, program } from "./oracle.ts";

const ALLOW = ACTIONS.SCMP_ACT_ALLOW;
const [EPERM, ENOSYS] = [ACTIONS.SCMP_ACT_ERRNO | 1, ACTIONS.SCMP_ACT_ERRNO | 38];

const anyValue = fc.oneof(
  fc.nat({ max: 5 }),
  fc.nat({ max: 2 ** 32 - 1 }).map((value) => value * 2),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1),
);
const anyCondition = (index: number): fc.Arbitrary<Condition> =>
  fc.record({ index: fc.constant(index), op: fc.constantFrom(...OPERATORS), value: anyValue, valueTwo: anyValue });
const anyConditions = fc
  .uniqueArray(fc.nat({ max: 2 }), { maxLength: 3 })
  .chain((indices) => fc.tuple(...indices.map(anyCondition)));
const NAMES = ["read", "write", "getpid", "socket", "clone", "mseal"];
const anyAction = fc.constantFrom<Action>(
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_LOG",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
);
const anyRule: fc.Arbitrary<Rule> = fc.record({
  names: fc.subarray(NAMES, { minLength: 1 }),
  action: anyAction,
  errnoRet: fc.nat({ max: 200 }),
  args: anyConditions,
});
const anyProfile: fc.Arbitrary<Profile> = fc.record({
  defaultAction: anyAction,
  defaultErrnoRet: fc.nat({ max: 200 }),
  syscalls: fc.array(anyRule, { maxLength: 12 }),
});
const anyCall: fc.Arbitrary<Call> = fc
  .tuple(fc.constantFrom(...NAMES), fc.array(anyValue, { minLength: 3, maxLength: 3 }), fc.boolean())
  .map(([name, args, upper]) =>
    call(
      "x86_64",
      systemCalls("x86_64").get(name) ?? 0,
      ...args.map((value) => BigInt(value) | (upper ? 1n << 63n : 0n)),
    ),
  );

describe("a profile, compiled", () => {
  it("does what its strictest rule that applies says", () => {
    fc.assert(
      fc.property(anyProfile, fc.array(anyCall, { minLength: 20, maxLength: 20 }), (profile, calls) => {
        const filter = filterOf(profile, there("x86_64"));
        for (const made of calls) assert.equal(verdict(filter, made), reference(profile, made));
      }),
      { numRuns: 500 },
    );
  });

  // Of several rules with arguments for one call, libseccomp 2.5 makes one tree, which loses some of them.
  it("does what libseccomp makes of it, where each call has one rule", async (context) => {
    if (!needs(context, noLibseccomp)) return;
    const oracle = await program({ after }, "libseccomp", "-lseccomp");
    const samples = fc.sample(
      fc.tuple(fc.tuple(...NAMES.map(() => anyRule)), fc.array(anyCall, { minLength: 30 })),
      300,
    );
    const profiles = samples.map(([rules]): Profile => {
      const syscalls = rules.map(
        (rule, i): Rule => ({ ...rule, names: NAMES.slice(i, i + 1), action: "SCMP_ACT_ALLOW" }),
      );
      return { defaultAction: "SCMP_ACT_ERRNO", syscalls };
    });
    const { filters, unknown } = compiledByLibseccomp(oracle, profiles, "x86_64");
    for (const [i, [, calls]] of samples.entries()) {
      const [profile, theirs] = [profiles[i], filters[i]];
      assert.ok(profile && theirs);
      const ours = filterOf(profile, there("x86_64"));
      for (const made of calls) {
        const isKnown = !unknown.has("mseal") || made.number !== systemCalls("x86_64").get("mseal");
        if (isKnown) assert.equal(verdict(ours, made), verdict(theirs, made), JSON.stringify(profile));
      }
    }
  });

  it("reaches every verdict, however many rules there are", () => {
    const values = Array.from({ length: 300 }, (_, value) => value);
    const profile: Profile = {
      defaultAction: "SCMP_ACT_ERRNO",
      syscalls: values.map((value) => ({
        names: ["socket"],
        action: "SCMP_ACT_ERRNO",
        errnoRet: value + 2,
        args: [{ index: 0, op: "SCMP_CMP_EQ", value }],
      })),
    };
    const filter = filterOf(profile, there("x86_64"));
    for (const value of values)
      assert.equal(verdict(filter, call("x86_64", 41, value)), ACTIONS.SCMP_ACT_ERRNO | (value + 2));
    assert.equal(verdict(filter, call("x86_64", 41, 300)), EPERM);
    assert.equal(verdict(filter, call("x86_64", 40)), EPERM);
  });

  it("that needs more instructions than the kernel takes is refused", () => {
    const syscalls = Array.from({ length: 1100 }, (_, value): Rule => {
      const args = [{ index: 0, op: "SCMP_CMP_EQ", value }] as const;
      return { names: ["socket"], action: "SCMP_ACT_ALLOW", args };
    });
    assert.throws(() => filterOf({ defaultAction: "SCMP_ACT_ERRNO", syscalls }, there("x86_64")), {
      code: "usage",
      message: /needs \d+ instructions, and the kernel takes at most 4096/,
    });
  });

  it("that allows what it does not name allows newer calls, but not those of x32", () => {
    const profile: Profile = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["ptrace"], action: "SCMP_ACT_ERRNO" }],
    };
    const filter = filterOf(profile, there("x86_64"));
    const verdicts = [101, 900, 0x3fffffff, 0x40000000 + 521, 2 ** 32 - 1].map((number) =>
      verdict(filter, call("x86_64", number)),
    );
    assert.deepEqual(verdicts, [EPERM, ALLOW, ALLOW, ENOSYS, ENOSYS]);
    assert.equal(verdict(filterOf(profile, there("aarch64")), call("aarch64", 0x40000000)), ALLOW);
  });
});

/** The same by another way: no ranges, no halves, no jumps. */
function reference({ defaultAction, defaultErrnoRet = 1, syscalls }: Profile, made: Call): number {
  const numbers = systemCalls("x86_64");
  const named = syscalls.flatMap(({ names }) => names.map((name) => numbers.get(name) ?? -1));
  const isPermissive = defaultAction === "SCMP_ACT_ALLOW" || defaultAction === "SCMP_ACT_LOG";
  if (!isPermissive && made.number > Math.max(-1, ...named)) return ENOSYS;
  const values = syscalls
    .filter(
      ({ names, args = [] }) =>
        names.some((name) => numbers.get(name) === made.number) && args.every((one) => holds(one, made)),
    )
    .map(({ action, errnoRet }) => valued(action, errnoRet));
  return values.sort((a, b) => (a | 0) - (b | 0))[0] ?? valued(defaultAction, defaultErrnoRet);
}

function valued(action: Action, errno = 1): number {
  return action === "SCMP_ACT_ERRNO" ? ACTIONS[action] | errno : ACTIONS[action];
}

function holds({ index, op, value, valueTwo = 0 }: Condition, { args }: Call): boolean {
  const [argument, constant] = [args[index] ?? 0n, BigInt(value)];
  switch (op) {
    case "SCMP_CMP_NE":
      return argument !== constant;
    case "SCMP_CMP_LT":
      return argument < constant;
    case "SCMP_CMP_LE":
      return argument <= constant;
    case "SCMP_CMP_EQ":
      return argument === constant;
    case "SCMP_CMP_GE":
      return argument >= constant;
    case "SCMP_CMP_GT":
      return argument > constant;
    case "SCMP_CMP_MASKED_EQ":
      return (argument & constant) === (BigInt(valueTwo) & constant);
  }
}
