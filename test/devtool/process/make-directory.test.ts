import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeDirectory } from "../../../devtool/process/make-directory.ts";
import { needs } from "../../rig/host.ts";

test("a directory is made with those that lead to it, and one that is there stays", (t) => {
  const root = mkdtempSync(join(tmpdir(), "directory-"));
  t.after(() => rmSync(root, { recursive: true }));
  for (const _ of ["made", "there"]) makeDirectory(join(root, "a/b"), 0o700);
  assert.deepEqual(
    ["a", "a/b"].map((path) => statSync(join(root, path)).mode & 0o777),
    [0o700, 0o700],
  );
});

test("a directory that the kernel does not make, as below /proc, is an error", (t) => {
  if (!needs(t, process.platform === "linux" ? undefined : "Linux")) return;
  assert.throws(() => makeDirectory("/proc/nosuch/devtool/traces"), { code: "ENOENT" });
});
