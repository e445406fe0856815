import assert from "node:assert/strict";
import { test } from "node:test";
import { OCI_MANIFEST } from "../../../../runtime/image/manifest/kinds.ts";
import { parseManifest } from "../../../../runtime/image/manifest/parse.ts";

test("a manifest that is nested a million times is refused", () => {
  assert.equal(parseManifest(OCI_MANIFEST, Buffer.from("[".repeat(1_000_000))), "unknown kind");
});
