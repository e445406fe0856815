import assert from "node:assert/strict";
import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { stampOf, surroundingsOf } from "../../../../devtool/bundle/incremental/stamps.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { write } from "../bundlers.ts";

test("the surroundings of files change with all that may lead their imports elsewhere, and with nothing else", async (t) => {
  const root = await temporaryDirectory(t);
  const files = {
    "src/deep/main.ts": "",
    "src/lib/index.ts": "",
    "tsconfig.json": '{ "extends": ["./settings/base", "some-package"] }',
    "settings/base.json": '{ "extends": "../tsconfig.json" }',
  };
  await write(root, files);
  let last = surroundingsOf(root, ["src/deep/main.ts", "src/lib/index.ts"]);
  const isOther = () => {
    const before = last;
    last = surroundingsOf(root, ["src/deep/main.ts", "src/lib/index.ts"]);
    return last !== before;
  };
  await write(root, { ".devtool/main.js": "", "src/deep/main.ts": "edited", "notes.txt": "" });
  assert.equal(isOther(), false);
  for (const file of ["src/lib.ts", "src/deep/main.js", "over/main.ts"]) {
    await write(root, { [file]: "" });
    assert.ok(isOther(), file);
    await rm(join(root, file));
    await rm(join(root, "over"), { recursive: true, force: true });
    assert.ok(isOther(), file);
  }
  for (const file of ["tsconfig.json", "settings/base.json"]) {
    await utimes(join(root, file), 1, 1);
    assert.ok(isOther(), file);
  }
});

test("what changes while a program is built is seen by the next build", async (t) => {
  const root = await temporaryDirectory(t);
  await write(root, { "main.ts": "", "tsconfig.json": "{}" });
  const at = 1_000_000_000;
  for (const name of ["main.ts", "tsconfig.json", "."]) await utimes(join(root, name), at, at);
  const file = join(root, "main.ts");
  assert.notEqual(stampOf(file), "");
  assert.equal(stampOf(file, at * 1000 + 1000), "");
  assert.equal(stampOf(file, at * 1000 - 1000), "");
  const settled = surroundingsOf(root, ["main.ts"]);
  assert.equal(surroundingsOf(root, ["main.ts"], at * 1000 + 1), settled);
  for (const name of ["tsconfig.json", "."]) {
    await utimes(join(root, name), at + 5, at + 5);
    const moving = surroundingsOf(root, ["main.ts"], at * 1000 + 1);
    assert.notEqual(moving, surroundingsOf(root, ["main.ts"]));
    await utimes(join(root, name), at, at);
  }
});
