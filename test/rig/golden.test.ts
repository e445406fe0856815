import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { golden } from "./golden.ts";
import { temporaryDirectory } from "./host.ts";

for (const env of [{ CI: "true" }, { MUST_WORK: "1" }]) {
  test(`a missing golden file fails the test and is not written under ${JSON.stringify(env)}`, async (t) => {
    const path = join(await temporaryDirectory(t), "golden.txt");
    assert.throws(() => golden(path, "text", env), /golden\.txt is missing; UPDATE_GOLDEN=1 writes it/);
    assert.ok(!existsSync(path));
  });
}

test("a missing golden file is written elsewhere, with its directory", async (t) => {
  const path = join(await temporaryDirectory(t), "new/golden.txt");
  golden(path, "text", {});
  assert.equal(readFileSync(path, "utf8"), "text");
});

test("text unlike the golden file fails, and UPDATE_GOLDEN=1 rewrites the file, in CI too", async (t) => {
  const path = join(await temporaryDirectory(t), "golden.txt");
  writeFileSync(path, "old");
  assert.throws(() => golden(path, "new", {}), assert.AssertionError);
  assert.equal(readFileSync(path, "utf8"), "old");
  golden(path, "new", { UPDATE_GOLDEN: "1", CI: "true" });
  assert.equal(readFileSync(path, "utf8"), "new");
});
