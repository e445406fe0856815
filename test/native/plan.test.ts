import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { encodePlan } from "../../runtime/plan/codec.ts";
import { OPS, type Op, type Step, type Text } from "../../runtime/plan/step.ts";
import { temporaryDirectory } from "../rig/host.ts";

/** TD_SLOTS_MAX of native/plan.h, and the operations whose first number is one. */
const SLOTS = 256;
const SLOT_OPS: readonly Op[] = ["OPEN_TREE", "SETATTR", "MOVE_MOUNT", "PIVOT_ROOT", "DETACH"];
const HEADER_BYTES = 24;

const bytes = fc.uint8Array({ maxLength: 40 });
const word = fc.string({ unit: "binary", maxLength: 20 }).filter((text) => !text.includes("\0"));
const anyStep: fc.Arbitrary<Step> = fc.constantFrom(...OPS).chain((op) => stepOf(op));

function stepOf(op: Op): fc.Arbitrary<Step> {
  const numbers = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 4 });
  const list = fc.array(word, { minLength: 1, maxLength: 5 });
  const texts: fc.Arbitrary<Text[]> =
    op === "EXEC"
      ? fc.tuple(list, fc.array(word, { maxLength: 5 }), word)
      : op === "SETGROUPS"
        ? fc.array(fc.nat(), { maxLength: 9 }).map((groups) => [new Uint8Array(new Uint32Array(groups).buffer)])
        : fc.array(fc.oneof(word, bytes), { maxLength: 4 });
  return fc.record({ numbers, texts, optional: fc.boolean() }).map((parts) => ({
    op,
    ...parts,
    numbers: SLOT_OPS.includes(op) ? parts.numbers.map((number) => number % BigInt(SLOTS)) : parts.numbers,
    reason: "layers",
  }));
}

const out = await temporaryDirectory({ after });
const program = join(out, "plan-print");
execFileSync("make", ["-s", "-C", "native", "sanitize", `OUT=${out}`]);

describe("the plan's two codecs", () => {
  const decodeInC = (plans: readonly Uint8Array[]): string[] => {
    const input = plans.flatMap((plan) => [Buffer.from(new Uint32Array([plan.length]).buffer), plan]);
    return execFileSync(program, { input: Buffer.concat(input), encoding: "utf8" })
      .trimEnd()
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

  it("read no byte outside the plan, whatever it holds", () => {
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

  it("refuse what has another version, is too short, or claims more than there is", () => {
    const plan = encodePlan([{ op: "SETSID", numbers: [], texts: [], reason: "session" }], false);
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
      changed(HEADER_BYTES, OPS.length),
    ];
    for (const line of decodeInC(refused)) assert.match(line, /^refused/);
  });
});

function printed(step: Step): string {
  const numbers = [0, 1, 2, 3].map((i) => ` ${step.numbers[i] ?? 0}`).join("");
  const texts = [0, 1, 2, 3].map((i) => ` ${hexOf(step.texts[i] ?? "")};`).join("");
  const lists = step.op === "EXEC" ? ` ${step.texts[0]?.length} ${step.texts[1]?.length}` : "";
  return `|${step.op} ${step.optional ? 1 : 0}${numbers}${texts}${lists}`;
}

function hexOf(text: Text): string {
  if (text instanceof Uint8Array) return Buffer.from(text).toString("hex");
  if (typeof text === "string") return Buffer.from(text).toString("hex");
  return Buffer.from(text.map((item) => `${item}\0`).join("")).toString("hex");
}
