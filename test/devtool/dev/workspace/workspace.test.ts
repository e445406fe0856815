import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { loadProject } from "../../../../devtool/config/project.ts";
import { readProjectFiles } from "../../../../devtool/dev/workspace/workspace.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

test("what git ignores is not synced, except the bundle, and a pattern can include it again", async (t) => {
  const files = {
    "src/main.ts": "",
    "native/Makefile": "",
    ".gitignore": "# made\n.devtool/\n*.log\n",
    "native/.gitignore": "build/\n/x.o\n",
    "devtool.config.json": JSON.stringify({
      bundle: { entryPoints: { main: "src/main.ts" } },
      native: { folder: "./native/" },
      sync: { include: ["assets/"], exclude: ["!assets/keep.log"] },
    }),
  };
  const root = await temporaryDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const { filter } = await readProjectFiles(await loadProject(undefined, root));
  const sent = (path: string) => filter.includes(path, false);
  assert.ok(sent(".devtool/main.js"));
  assert.ok(sent(".devtool/node_modules/koffi/package.json"));
  assert.ok(sent("native/a.c"));
  assert.ok(sent("assets/a.png"));
  assert.ok(sent("assets/keep.log"));
  assert.ok(!sent("assets/other.log"));
  assert.ok(!sent("native/build/a.so"));
  assert.ok(!sent("native/x.o"));
  assert.ok(!sent("native/node_modules/a.js"));
  assert.ok(!sent("src/main.ts"));
  assert.ok(!sent(".devtool/.devtool-outputs.json"));
  assert.ok(!sent(".devtool-compiled"));
});
