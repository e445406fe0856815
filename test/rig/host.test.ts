import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "./host.ts";
import { sourcesIn } from "./sources.ts";

/** Stands in for a TestContext, which would skip this test itself. */
function skips() {
  const reasons: string[] = [];
  return { reasons, skip: (reason?: string) => void reasons.push(reason ?? "") };
}

test("a test that lacks something is skipped with what it lacks, and fails where every test must run", () => {
  const context = skips();
  assert.equal(needs(context, "gcc", {}), false);
  assert.deepEqual(context.reasons, ["this host lacks: gcc"]);
  for (const env of [{ CI: "true" }, { MUST_WORK: "1" }]) {
    assert.throws(() => needs(context, "gcc", env), /must run the test, but lacks: gcc/);
    assert.equal(needs(context, undefined, env), true);
  }
  assert.equal(context.reasons.length, 1);
});

test("nothing but needs() skips a test, so that none is skipped where every test must run", () => {
  const skipping = /\.(skip|todo)\(|(^|\{)\s*(skip|todo)\b[:,]/m;
  const here = "test/rig/host.ts";
  const sources = [...sourcesIn("test")].filter(([path]) => path !== "test/rig/host.test.ts");
  assert.deepEqual(
    sources.filter(([, text]) => skipping.test(text)).map(([path]) => path),
    [here],
  );
});
