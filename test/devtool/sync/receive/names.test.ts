import assert from "node:assert/strict";
import { test } from "node:test";
import { folded, unusable } from "../../../../devtool/sync/receive/names.ts";

/** A name as bytes, and the systems that can't have it. */
const NAMES: readonly (readonly [string, ...NodeJS.Platform[]])[] = [
  ["a.out"],
  [".git", "linux", "darwin", "win32"],
  [".vagrant", "linux", "darwin", "win32"],
  [".GIT", "darwin", "win32"],
  [".g\xe2\x80\x8cit", "darwin", "win32"],
  ["git~1", "win32"],
  [".gitignore"],
  ["\xff\xfe", "darwin", "win32"],
  ["\xc3\xa9"],
  ["a:b", "win32"],
  ["a\\b", "win32"],
  ["new\nline", "win32"],
  ["what?", "win32"],
  ["NUL", "win32"],
  ["aux.c", "win32"],
  ["com1.log", "win32"],
  ["console"],
  ["ends.", "win32"],
  ["ends ", "win32"],
];

for (const [name, ...without] of NAMES) {
  test(`${JSON.stringify(name)} can't be a file on ${without.join(", ") || "no system"}`, () => {
    const found = (["linux", "darwin", "win32"] as const).filter((platform) => unusable(name, platform) !== undefined);
    assert.deepEqual(found, without);
  });
}

test("two names are one where neither case nor composition counts", () => {
  assert.equal(folded("Cafe\u0301/A"), folded("caf\u00e9/a"));
});
