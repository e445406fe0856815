import assert from "node:assert/strict";
import test from "node:test";
import { matchesPattern, matchesPatternList } from "../../../../../devtool/targets/ssh/config/pattern.ts";
import fc from "../../../../rig/fast-check.ts";

test("a pattern without wildcards matches only itself, whatever characters it contains", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (pattern, name) => {
      fc.pre(!/[*?]/.test(pattern));
      assert.ok(matchesPattern(pattern, pattern));
      assert.equal(matchesPattern(pattern, name), pattern === name);
    }),
  );
});

test("a negated pattern excludes what another one matches, and matches nothing by itself", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      fc.pre(!/[*?!]/.test(name));
      assert.ok(matchesPatternList(["*"], name));
      assert.ok(!matchesPatternList(["*", `!${name}`], name));
      assert.ok(!matchesPatternList([`!${name}`, "*"], name));
      assert.ok(!matchesPatternList(["!other"], name));
    }),
  );
});
