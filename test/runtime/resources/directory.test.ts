import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import { openShim } from "../../../runtime/host/shim.ts";
import { directory } from "../../../runtime/resources/directory.ts";
import { undo } from "../../../runtime/resources/resource.ts";
import { temporaryDirectory } from "../../rig/host.ts";

const root = await temporaryDirectory({ after });
const shim = await openShim();

describe("undoing a directory", () => {
  it("removes it with everything below it, whichever boot it is from, and can be repeated", async () => {
    const places = {
      root,
      key: "c1",
      upper: join(root, "full"),
      work: join(root, "work"),
      monitor: join(root, "monitor"),
    };
    const path = places.upper;
    mkdirSync(join(path, "a/b"), { recursive: true });
    writeFileSync(join(path, "a/b/c"), "");
    await undo(shim, places, directory("upper"), "another boot");
    assert.ok(!existsSync(path));
    await undo(shim, places, directory("upper"), "another boot");
  });

  it("has nothing to do where a file is in the place of a directory above it", async () => {
    const above = join(root, "above");
    writeFileSync(above, "kept");
    const places = { root, key: "c1", upper: root, work: join(above, "c1"), monitor: root };
    await undo(shim, places, directory("work"), "");
    assert.equal(readFileSync(above, "utf8"), "kept");
  });

  it("fails with the path, the reason and what to do", async () => {
    const path = join(root, "file");
    writeFileSync(path, "");
    await assert.rejects(
      undo(shim, { root, key: "c1", upper: "/", work: path, monitor: path }, directory("work"), ""),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.message, `can't remove ${path}: ENOTDIR, not a directory`);
        assert.equal(error.remedy, "remove it by hand");
        return true;
      },
    );
  });
});
