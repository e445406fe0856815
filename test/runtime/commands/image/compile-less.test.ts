import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const SOURCE = join(import.meta.dirname, "../../../../runtime/commands/image/compile-less.ts");

test("V8 is asked to compile less where it knows how, and has nothing to complain of", () => {
  const script = `import { compileLess } from ${JSON.stringify(pathToFileURL(SOURCE).href)}; await compileLess();`;
  const child = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    encoding: "utf8",
  });
  assert.deepEqual([child.status, child.stdout, child.stderr], [0, "", ""]);
});
