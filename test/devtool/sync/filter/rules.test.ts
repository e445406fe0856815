import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createFilter, type Filter, filterOf } from "../../../../devtool/ignore/filter.ts";
import { parseLines } from "../../../../devtool/ignore/lines.ts";
import { IgnoreRules } from "../../../../devtool/ignore/rules.ts";
import { goneRules, rulesOf, withdrawalRules } from "../../../../devtool/sync/filter/rules.ts";
import fc from "../../../rig/fast-check.ts";
import { temporaryRoot } from "../../../rig/host.ts";
import { line, lines, makeTree, TREE } from "../../ignore/corpus.ts";

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
    return new Set(found.stdout.toString("latin1").split("\0").slice(0, -1));
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** An excluded path stays, and so do the directories it is in; nothing else does. */
function keptByFilter(filter: Filter): Set<string> {
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
      const filter = createFilter(patterns);
      assert.deepEqual([...keptByRsync(rulesOf(filter))].sort(), [...keptByFilter(filter)].sort());
    }),
    { numRuns: 25 },
  );
});

test("rsync's receiver keeps exactly what ignore files in folders exclude", () => {
  const files = fc.dictionary(fc.constantFrom("", "src", "a", "a/b", "a/b/src"), lines, { noNullPrototype: true });
  fc.assert(
    fc.property(files, fc.boolean(), (written, ignoreCase) => {
      const rules = new IgnoreRules(ignoreCase);
      for (const [folder, text] of Object.entries(written)) {
        rules.addFolder(
          folder,
          parseLines(text, () => folder, ignoreCase),
        );
      }
      const filter = filterOf(rules, []);
      assert.deepEqual([...keptByRsync(rulesOf(filter))].sort(), [...keptByFilter(filter)].sort());
    }),
    { numRuns: 25 },
  );
});

test("what is withdrawn is deleted although it is excluded, and nothing else of it", () => {
  const filter = createFilter({ exclude: ["a/", "build/", "*.c"] });
  const withdrawn = ["a/", "a/b/", "a/b/a.c", "src/a.c", "src/*"];
  const kept = keptByRsync([...withdrawalRules(withdrawn), ...rulesOf(filter)]);
  const expected = keptByFilter(filter);
  for (const path of ["a/b/a.c", "src/a.c"]) expected.delete(path);
  assert.deepEqual([...kept].sort(), [...expected].sort());
});

test("rsync's receiver never deletes what includes leave out", () => {
  fc.assert(
    fc.property(fc.record({ exclude: fc.array(line, { maxLength: 2 }), include: lines }), (patterns) => {
      const filter = createFilter(patterns);
      const kept = keptByRsync(rulesOf(filter));
      const mustKeep = keptByFilter(filter);
      for (const path of mustKeep) assert.ok(kept.has(path), `${JSON.stringify(patterns)} deletes ${path}`);
      if (patterns.exclude.every((pattern) => !pattern.startsWith("!")))
        assert.deepEqual([...kept].sort(), [...mustKeep].sort());
    }),
    { numRuns: 25 },
  );
});

test("with what was sent, rsync's receiver keeps exactly what includes leave out, also where a line is negated", () => {
  fc.assert(
    fc.property(fc.record({ exclude: lines, include: lines }), (patterns) => {
      const filter = createFilter(patterns);
      const included = [...TREE].filter(([path, isDirectory]) => filter.includes(path, isDirectory));
      const sent = included.map(([path, isDirectory]) => (isDirectory ? `${path}/` : path));
      const kept = keptByRsync([...goneRules(filter, sent), ...rulesOf(filter)]);
      assert.deepEqual([...kept].sort(), [...keptByFilter(filter)].sort());
    }),
    { numRuns: 25 },
  );
});
