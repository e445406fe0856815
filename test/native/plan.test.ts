import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { encodePlan } from "../../runtime/plan/codec.ts";
import { FIELDS, type Kind, type Step } from "../../runtime/plan/step.ts";
import fc from "../rig/fast-check.ts";
import { temporaryDirectory } from "../rig/host.ts";

/** TD_SLOTS_MAX of native/plan.h. */
const SLOTS = 256;
const HEADER_BYTES = 24;

const word = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0"));
const VALUES: Readonly<Record<Kind, fc.Arbitrary<unknown>>> = {
  number: fc.oneof(fc.nat(), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  slot: fc.nat({ max: SLOTS - 1 }),
  text: fc.oneof(word, fc.string({ maxLength: 20 })),
  list: fc.array(word, { maxLength: 5 }),
  words: fc.array(fc.nat({ max: 2 ** 32 - 1 }), { maxLength: 9 }),
};
const EXCUSES = { none: 0, ENOSYS: 38, any: 2 ** 32 - 1 } as const;

const anyStep: fc.Arbitrary<Step> = fc.constantFrom(...Object.entries(FIELDS)).chain(([op, fields]) =>
  fc
    .record({
      op: fc.constant(op),
      reason: fc.constant("layers"),
      excusedBy: fc.constantFrom(undefined, "ENOSYS", "any"),
      ...Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, VALUES[kind]])),
    })
    .map((made): Readonly<Record<string, unknown>> => made)
    .filter(isStep),
);

/** True for everything that is made from the table. */
function isStep(made: Readonly<Record<string, unknown>>): made is Step {
  return typeof made["op"] === "string" && Object.keys(FIELDS).includes(made["op"]);
}

const out = await temporaryDirectory({ after });
const program = join(out, "plan-print");
execFileSync("make", ["-s", "-C", "native", "sanitize", `OUT=${out}`]);

describe("the plan's two codecs", () => {
  const decodeInC = (plans: readonly Uint8Array[]): string[] => {
    const input = plans.flatMap((plan) => [Buffer.from(new Uint32Array([plan.length]).buffer), plan]);
    return execFileSync(program, { input: Buffer.concat(input), encoding: "utf8" })
      .replace(/\n$/, "")
      .split("\n");
  };

  it("agree on every plan TypeScript can write", () => {
    const plans = fc.sample(fc.tuple(fc.array(anyStep, { maxLength: 12 }), fc.boolean()), 500);
    const lines = decodeInC(plans.map(([steps, timed]) => encodePlan(steps, timed)));
    assert.deepEqual(
      lines,
      plans.map(([steps, timed]) => `plan ${timed ? 1 : 0}${steps.map(printed).join("")}`),
    );
  });

  it("read no byte outside the plan, whatever it contains", () => {
    const damaged = fc.tuple(
      fc.array(anyStep, { minLength: 1, maxLength: 4 }),
      fc.array(fc.tuple(fc.nat({ max: 600 }), fc.nat({ max: 255 })), { maxLength: 6 }),
      fc.nat({ max: 64 }),
    );
    const plans = fc.sample(damaged, 3_000).map(([steps, changes, cut]) => {
      const plan = encodePlan(steps, false);
      for (const [at, byte] of changes) plan[at % plan.length] = byte;
      return plan.subarray(0, plan.length - (cut % plan.length));
    });
    const lines = decodeInC(plans);
    assert.equal(lines.length, plans.length);
    assert.ok(lines.some((line) => line.startsWith("refused")) && lines.some((line) => line.startsWith("plan")));
  });

  it("refuse a slot out of range, a list without an end, an incomplete word, and a field that the step does not have", () => {
    const bad: readonly [Step, number, number][] = [
      [{ op: "DETACH", slot: 1, reason: "detach" }, 0, SLOTS],
      [{ op: "DETACH", slot: 1, reason: "detach" }, 4, 1],
      [{ op: "DETACH", slot: 1, reason: "detach" }, 8, 1],
      [{ op: "EXEC", args: ["a", "b"], env: [], search: "", reason: "exec" }, 4, 3],
      [{ op: "SETGROUPS", groups: [0, 0], reason: "groups" }, 4, 7],
      [{ op: "CHDIR", path: "/\0", reason: "chdir" }, 0, 3],
    ];
    const plans = bad.map(([step, at, value]) => {
      const plan = encodePlan([step], false);
      assert.match(decodeInC([plan]).join(), /^plan/);
      new DataView(plan.buffer, plan.byteOffset).setUint32(HEADER_BYTES + 8 + at, value, true);
      return plan;
    });
    for (const line of decodeInC(plans)) assert.match(line, /^refused/);
  });

  it("refuse what has another version, is too short, or claims more than it contains", () => {
    const plan = encodePlan([{ op: "CHDIR", path: "/", reason: "chdir" }], false);
    const changed = (at: number, value: number) => {
      const copy = Buffer.from(plan);
      copy.writeUInt32LE(value, at);
      return copy;
    };
    const refused = [
      plan.subarray(0, 0),
      plan.subarray(0, HEADER_BYTES - 1),
      plan.subarray(0, plan.length - 1),
      changed(0, 7),
      changed(4, 99),
      changed(12, 2),
      changed(12, 2 ** 32 - 1),
      changed(16, 2 ** 32 - 1),
      changed(HEADER_BYTES, Object.keys(FIELDS).length),
      changed(HEADER_BYTES + 8, 2),
      changed(HEADER_BYTES + 12, 2),
    ];
    for (const line of decodeInC(refused)) assert.match(line, /^refused/);
  });
});

/** As native/test/plan-print.c prints it. */
function printed(step: Step): string {
  const values: Readonly<Record<string, unknown>> = step;
  const fields = Object.entries<Kind>(FIELDS[step.op]).map(([name, kind]) => ` ${printedValue(kind, values[name])}`);
  return `|${step.op} ${EXCUSES[step.excusedBy === "ENOSYS" || step.excusedBy === "any" ? step.excusedBy : "none"]}${fields.join("")}`;
}

function printedValue(kind: Kind, value: unknown): string {
  if (kind === "text") return hex(String(value));
  if (!Array.isArray(value)) return String(value);
  if (kind === "words") return Buffer.from(new Uint32Array(value).buffer).toString("hex");
  return `${value.length}:${hex(value.map((item) => `${item}\0`).join(""))}`;
}

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}
