import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL_FLAGS, buildArgv, makeFlags, makeStep, queryArgv } from "../../../devtool/build/make.ts";

const inputs = { includes: () => true };

test("make runs in the step's folder, for its target", () => {
  const step = makeStep({ folder: "native", target: "all" }, inputs);
  assert.deepEqual(queryArgv(step), ["make", "-C", "native", "all", "-q"]);
  assert.deepEqual(buildArgv(step, ["-B"]), ["make", "-C", "native", "all", "-B", "--silent", "--print-directory"]);
  assert.deepEqual(makeStep({ folder: "c", target: undefined }, inputs).argv, ["make", "-C", "c"]);
});

test("make gets the changed files, or makes everything where that would not be enough", () => {
  const many = Array.from({ length: 101 }, (_, i) => `${i}.c`);
  const cases: readonly (readonly [readonly string[], boolean, readonly string[]])[] = [
    [["a.c", "b.h"], false, ["-W", "a.c", "-W", "b.h"]],
    [[], true, ALL_FLAGS],
    [["a.c"], true, ALL_FLAGS],
    [["sub/a.c"], false, ALL_FLAGS],
    [["Makefile"], false, ALL_FLAGS],
    [["rules.mk"], false, ALL_FLAGS],
    [many, false, ALL_FLAGS],
    [many.slice(1), false, many.slice(1).flatMap((name) => ["-W", name])],
  ];
  for (const [changed, needsAll, flags] of cases) assert.deepEqual(makeFlags({ changed, needsAll }), flags);
});
