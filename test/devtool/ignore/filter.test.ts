import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { temporaryDirectory } from "../../rig/host.ts";
import { filterOrSkip, lines, makeTree, TREE } from "./corpus.ts";

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
