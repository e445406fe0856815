import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRun } from "../../../runtime/commands/run-arguments.ts";

describe("the arguments of run", () => {
  it("end their options at NAME", () => {
    const args = ["--explain", "-e", "A=1", "-e", "B", "--image=box", "-w", "/w", "n", "c", "-e", "--image", "x"];
    const { request, explain } = parseRun(args);
    assert.equal(explain, true);
    assert.deepEqual([request.name, request.args], ["n", ["c", "-e", "--image", "x"]]);
    assert.deepEqual([request.env, request.image, request.cwd], [["A=1", "B"], "box", "/w"]);
    assert.deepEqual([request.volumes, request.readonly, request.user], [[], undefined, undefined]);
    assert.deepEqual(parseRun(["--", "n", "--", "x"]).request.args, ["--", "x"]);
    assert.deepEqual(parseRun(["n", "--", "x"]).request.args, ["--", "x"]);
  });

  for (const args of [[], ["n"], ["--"], ["--nosuch", "n", "c"], ["-x", "n", "c"], ["-e"]]) {
    it(`${JSON.stringify(args)} are refused`, () => {
      assert.throws(() => parseRun(args), { code: "usage" });
    });
  }
});
