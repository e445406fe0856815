import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { Failure } from "../../../devtool/failure.ts";
import { createFilter } from "../../../devtool/ignore/filter.ts";
import { rulesOf } from "../../../devtool/sync/filter/rules.ts";
import { temporaryDirectory, temporaryRoot } from "../../rig/host.ts";

const NAMES = [
  "a",
  "b",
  "ab",
  "a.c",
  "b.o",
  "build",
  "src",
  "x y",
  "*",
  "a[b",
  "é",
  "\\n",
  "-d",
  ".h",
  "]",
  "a-z",
  "!k",
  "#c",
];
const DIRECTORIES = ["", "src/", "src/a/", "build/", "a/", "a/b/", "a/b/src/", "ab/", "build/x y/", ".h/"];
const PATHS = DIRECTORIES.flatMap((directory) => NAMES.map((name) => `${directory}${name}`));

/** Every path of the test's tree: directories are those that have something below. */
const TREE: ReadonlyMap<string, boolean> = new Map(
  PATHS.map((path) => [path, PATHS.some((other) => other.startsWith(`${path}/`))]),
);

function makeTree(root: string): void {
  for (const directory of DIRECTORIES) mkdirSync(join(root, directory), { recursive: true });
  for (const [path, isDirectory] of TREE) if (!isDirectory) writeFileSync(join(root, path), "");
}

const part = fc.constantFrom(
  "a",
  "b",
  "ab",
  "src",
  "build",
  "*",
  "?",
  "**",
  "*.c",
  "*.o",
  "b*",
  "[ab]",
  "[!a]",
  "[^b]*",
  "[a-c]b",
  "[[:alpha:]]",
  "\\*",
  "a[[]b",
  "\\!k",
  "\\#c",
  "x y",
  "é",
  "??",
  "[]]",
  "[z-a]",
  "a**b",
  "*b*",
  "\\\\n",
  ".h",
  "-d",
  "[é]*",
  "[[:punct:]]*",
  "[b",
  "***",
  "[[:nope:]]",
  "x ",
);
const line = fc
  .tuple(
    fc.constantFrom("", "", "", "!"),
    fc.constantFrom("", "/"),
    fc.array(part, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", "", "/"),
  )
  .map(([negation, start, parts, end]) => negation + start + parts.join("/") + end);
const lines = fc.array(line, { minLength: 1, maxLength: 4 });

/** createFilter refuses some odd patterns; those are not what these tests are about. */
function filterOrSkip(patterns: Parameters<typeof createFilter>[0]) {
  try {
    return createFilter(patterns);
  } catch (error) {
    fc.pre(!(error instanceof Failure));
    throw error;
  }
}

test("an exclude list excludes what git ignores with the same lines in .gitignore", async (context) => {
  const root = await temporaryDirectory(context);
  makeTree(root);
  spawnSync("git", ["init", "-q", root]);
  fc.assert(
    fc.property(lines, (exclude) => {
      const filter = filterOrSkip({ exclude });
      writeFileSync(join(root, ".git/info/exclude"), exclude.join("\n"));
      const paths = [...TREE.keys()];
      const git = spawnSync("git", ["-C", root, "-c", "core.quotePath=false", "check-ignore", "-z", "--stdin"], {
        input: paths.join("\0"),
      });
      assert.ok(git.status === 0 || git.status === 1, git.stderr.toString()); // 1: none is ignored
      const ignored = new Set(git.stdout.toString().split("\0"));
      for (const path of paths) {
        assert.equal(
          filter.includes(path, TREE.get(path) === true),
          !ignored.has(path),
          `${exclude.join(" | ")} : ${path}`,
        );
      }
    }),
    { numRuns: 200 },
  );
});

/** What the receiver of `rsync --delete` with these rules leaves of the tree when the sender has nothing. */
function keptByRsync(rules: readonly string[]): Set<string> {
  const root = mkdtempSync(join(temporaryRoot(), "tinydocker-test."));
  try {
    mkdirSync(join(root, "from"));
    makeTree(join(root, "to"));
    const ran = spawnSync("rsync", ["-r", "--delete", "--from0", "--filter=merge -", "from/", "to/"], {
      cwd: root,
      input: Buffer.from(rules.join("\0"), "latin1"),
    });
    assert.equal(ran.status, 0, ran.stderr.toString());
    const found = spawnSync("find", ["to", "-mindepth", "1", "-printf", "%P\\0"], { cwd: root });
    return new Set(found.stdout.toString().split("\0").slice(0, -1));
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** An excluded path stays, and so do the directories it is in; nothing else does. */
function keptByFilter(filter: ReturnType<typeof createFilter>): Set<string> {
  const kept = new Set<string>();
  for (const [path, isDirectory] of TREE) {
    if (filter.includes(path, isDirectory)) continue;
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) kept.add(path.slice(0, end));
  }
  return kept;
}

test("rsync's receiver keeps exactly what the filter excludes", () => {
  fc.assert(
    fc.property(fc.record({ exclude: lines, include: fc.constant([]) }), (patterns) => {
      const filter = filterOrSkip(patterns);
      assert.deepEqual([...keptByRsync(rulesOf(filter))].sort(), [...keptByFilter(filter)].sort());
    }),
    { numRuns: 25 },
  );
});

test("rsync's receiver never deletes what includes leave out", () => {
  fc.assert(
    fc.property(fc.record({ exclude: fc.array(line, { maxLength: 2 }), include: lines }), (patterns) => {
      const filter = filterOrSkip(patterns);
      const kept = keptByRsync(rulesOf(filter));
      const mustKeep = keptByFilter(filter);
      for (const path of mustKeep) assert.ok(kept.has(path), `${JSON.stringify(patterns)} deletes ${path}`);
      if (patterns.exclude.every((pattern) => !pattern.startsWith("!")))
        assert.deepEqual([...kept].sort(), [...mustKeep].sort());
    }),
    { numRuns: 25 },
  );
});
