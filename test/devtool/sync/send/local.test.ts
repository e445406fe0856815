import assert from "node:assert/strict";
import { appendFileSync, lstatSync, renameSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { describe, isAsListed } from "../../../../devtool/sync/send/local.ts";
import fc from "../../../rig/fast-check.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

test("a file is as it was listed, whatever its time is, until it is written, gets another time or is replaced", async (t) => {
  const root = await temporaryDirectory(t);
  const file = join(root, "file");
  const listed = () => {
    const entry = describe({ root }, "file", "file", lstatSync(file, { bigint: true }));
    return entry ?? assert.fail("it is not listed");
  };
  writeFileSync(file, "content");
  assert.ok(isAsListed(listed(), statSync(file)));
  fc.assert(
    fc.property(fc.double({ min: -1e9, max: 4e9, noNaN: true }), (seconds) => {
      utimesSync(file, seconds, seconds);
      assert.ok(isAsListed(listed(), statSync(file)));
    }),
  );
  utimesSync(file, 1000, 1000);
  const entry = listed();
  utimesSync(file, 1000, 1000.00001);
  assert.ok(!isAsListed(entry, statSync(file)));
  appendFileSync(file, "more");
  utimesSync(file, 1000, 1000);
  assert.ok(!isAsListed(entry, statSync(file)));
  renameSync(file, join(root, "other"));
  symlinkSync("other", file);
  assert.ok(!isAsListed(entry, lstatSync(file)));
});
