import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { linkStatsAt, realPathOf, statsAt } from "../../../devtool/paths/stats.ts";
import { temporaryDirectory } from "../../rig/host.ts";

test("nothing is at a path that is not there, below a file, or at a link that leads to itself", async (t) => {
  const root = await temporaryDirectory(t);
  await writeFile(join(root, "file"), "");
  await symlink("loop", join(root, "loop"));
  for (const path of ["none", "file/below", "loop", "loop/below"]) {
    assert.equal(statsAt(join(root, path)), undefined, path);
    assert.equal(realPathOf(join(root, path)), undefined, path);
  }
  assert.equal(linkStatsAt(join(root, "file/below")), undefined);
  assert.ok(linkStatsAt(join(root, "loop"))?.isSymbolicLink());
  assert.ok(statsAt(join(root, "file"))?.isFile());
});
