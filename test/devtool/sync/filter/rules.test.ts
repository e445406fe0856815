import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Filter } from "../../../../devtool/ignore/filter.ts";
import { rulesOf } from "../../../../devtool/sync/filter/rules.ts";
import { temporaryRoot } from "../../../rig/host.ts";
import { filterOrSkip, line, lines, makeTree, TREE } from "../../ignore/corpus.ts";

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
