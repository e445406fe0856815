import assert from "node:assert/strict";
import { test } from "node:test";
import { select } from "../../../../devtool/sync/receive/selection.ts";
import { type Entry, MODE } from "../../../../devtool/sync/wire/entry.ts";

const SHARED = { size: 0, seconds: 0, nanoseconds: 0, complete: true };
const file = (name: string): Entry => ({ ...SHARED, name, path: name, mode: MODE.regular | 0o644, link: undefined });
const folder = (name: string): Entry => ({ ...file(name), mode: MODE.directory | 0o755 });
const fifo = (name: string): Entry => ({ ...file(name), mode: 0o010644 });
const link = (name: string, to: string): Entry => ({ ...file(name), mode: MODE.symlink | 0o777, link: to });

function names(entries: readonly Entry[], named: readonly string[], platform: NodeJS.Platform = "linux"): string[] {
  return select(entries, named, platform).wanted.map(({ entry }) => entry.name);
}

test("the named paths and what is below them are wanted, the folders above them are not", () => {
  const entries = [folder("."), folder("a"), folder("a/b"), file("a/b/c"), file("d")];
  assert.deepEqual(names(entries, ["a/b", "d"]), ["a/b", "a/b/c", "d"]);
  assert.deepEqual(select(entries, ["a/b", "d", "e"]).missing, ["e"]);
});

for (const name of ["../a", "a/../../b", "/a", "a//b", "a/./b", "a/\0", "b", "ab", ""]) {
  test(`a sender that has ${JSON.stringify(name)} in its list is none, and nothing is brought`, () => {
    assert.throws(() => select([folder("a"), file(name)], ["a"]), { code: "rsync-incompatible" });
  });
}

/** Where a link at `a/l` leads, and whether that may be out of the project. */
const LINKS: readonly (readonly [string, boolean])[] = [
  ["b", false],
  ["./b/c", false],
  ["../other", false],
  ["..", false],
  ["../..", true],
  ["../../etc", true],
  ["/etc", true],
  ["b/../../..", true],
  ["b/..", true],
  ["", true],
];

for (const [to, isOut] of LINKS) {
  test(`a link to ${JSON.stringify(to)} is ${isOut ? "skipped and said" : "brought"}`, () => {
    const { wanted, notices } = select([folder("a"), link("a/l", to)], ["a"], "linux");
    assert.equal(wanted.length, isOut ? 1 : 2);
    assert.deepEqual(notices, isOut ? ["a/l: it is a symbolic link that leads out of the project; skipped"] : []);
  });
}

test("on Windows a link's text is read as Windows reads it", () => {
  for (const to of ["..\\..", "C:\\x", "\\x", "C:x"]) assert.deepEqual(names([link("a/l", to)], ["a"], "win32"), []);
  assert.deepEqual(names([link("a/l", "..\\b")], ["a"], "win32"), ["a/l"]);
});

test("what is no file is skipped with what is below it, and said once", () => {
  const entries = [folder("a"), fifo("a/p"), folder("a/.git"), file("a/.git/hooks"), file("a/x")];
  const { wanted, notices } = select(entries, ["a"], "linux");
  assert.deepEqual(
    wanted.map(({ entry }) => entry.name),
    ["a", "a/x"],
  );
  assert.deepEqual(notices, [
    "a/p: it is neither file, directory nor symbolic link; skipped",
    "a/.git: .git is never brought back; skipped",
  ]);
});

test("of two names that are one here, the second is skipped and said", () => {
  const { notices } = select([file("a/README"), file("a/readme")], ["a"], "darwin");
  assert.deepEqual(notices, ["a/readme: a/README has the same name here; skipped"]);
  assert.deepEqual(names([file("a/README"), file("a/readme")], ["a"], "linux").length, 2);
});

test("a link there in the place of a folder above a named path brings nothing", () => {
  const entries = [link("a", "/etc"), file("a/passwd")];
  const { wanted, unbrought } = select(entries, ["a/passwd"], "linux");
  assert.deepEqual([wanted, unbrought], [[], ["a/passwd: a is a symbolic link there, which is not followed"]]);
});
