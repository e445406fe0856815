import assert from "node:assert/strict";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createFilter } from "../../../devtool/ignore/filter.ts";
import { temporaryDirectory } from "../../rig/host.ts";
import { places, snapshot, syncHere, withProtocol } from "./rig.ts";

const FILTERS = [
  ["a list per directory", {}],
  ["one list", { include: ["/kept", "/new/**", "/old/**", "/link"] }],
] as const;

for (const protocol of [30, 31]) {
  for (const [kind, patterns] of FILTERS) {
    test(`a dry run with protocol ${protocol} and ${kind} says what the sync then does, and does nothing`, async (t) => {
      const { root, mirror } = places(await temporaryDirectory(t));
      const run = (isDryRun: boolean) =>
        syncHere({ root, mirror, filter: createFilter(patterns), isDryRun }, withProtocol(protocol));
      mkdirSync(join(root, "new"));
      writeFileSync(join(root, "kept"), "one");
      await run(true);
      assert.ok(!existsSync(mirror));
      await run(false);
      mkdirSync(join(mirror, "old/deep"), { recursive: true });
      writeFileSync(join(mirror, "old/deep/file"), "");
      writeFileSync(join(root, "kept"), "two!");
      writeFileSync(join(root, "new/file"), "");
      symlinkSync("kept", join(root, "link"));
      const before = snapshot(mirror);
      const dry = await run(true);
      assert.deepEqual(snapshot(mirror), before);
      const real = await run(false);
      for (const report of [dry, real]) {
        assert.deepEqual([...report.sentPaths].sort(), ["kept", "link", "new/file"]);
        assert.deepEqual([...report.deletedPaths].sort(), ["old/", "old/deep/", "old/deep/file"]);
      }
    });
  }
}
