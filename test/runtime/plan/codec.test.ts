import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodePlan } from "../../../runtime/plan/codec.ts";
import type { Step } from "../../../runtime/plan/step.ts";

const PLAN_BYTES_MAX = 4 << 20;
const chdir = (path: string): Step => ({ op: "CHDIR", path, reason: "chdir" });

describe("an encoded plan", () => {
  it("can be as long as tinydocker-init accepts, and not longer", () => {
    const overhead = encodePlan([chdir("")], false).length;
    assert.equal(encodePlan([chdir("a".repeat(PLAN_BYTES_MAX - overhead))], false).length, PLAN_BYTES_MAX);
    for (const path of ["a".repeat(PLAN_BYTES_MAX - overhead + 1), "a".repeat(4 * PLAN_BYTES_MAX)]) {
      assert.throws(() => encodePlan([chdir(path)], false), /at most 4194304 bytes in a plan/);
    }
    const longest = Math.floor((PLAN_BYTES_MAX - overhead) / 3);
    assert.ok(encodePlan([chdir("€".repeat(longest))], false).length <= PLAN_BYTES_MAX);
    assert.throws(() => encodePlan([chdir("€".repeat(longest + 1))], false), RangeError);
  });

  it("has at most 2048 steps", () => {
    const steps = Array.from({ length: 2048 }, () => chdir("/"));
    encodePlan(steps, false);
    assert.throws(() => encodePlan([...steps, chdir("/")], false), /at most 2048 steps in a plan, got 2049/);
  });

  it("contains no number that does not fit into its field", () => {
    for (const mask of [-1, -1n, 0.5, Number.NaN, 1n << 64n]) {
      assert.throws(() => encodePlan([{ op: "UMASK", mask, reason: "umask" }], false), RangeError, String(mask));
    }
    for (const gid of [-1, 2 ** 32, 0.5]) {
      assert.throws(() => encodePlan([{ op: "SETGROUPS", groups: [gid], reason: "groups" }], false), RangeError);
    }
  });
});
