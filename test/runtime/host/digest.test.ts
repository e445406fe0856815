import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { openDigest } from "../../../runtime/host/digest.ts";
import { openShim } from "../../../runtime/host/shim.ts";
import fc from "../../rig/fast-check.ts";

const shim = await openShim();

test("the native part hashes by Node.js's own OpenSSL", () => {
  assert.equal(shim.digestBegin(new Uint8Array(128)), 0);
  assert.ok(shim.digestBegin(new Uint8Array(100)) < 0);
});

test("a digest of parts is that of the whole, on another thread and on this one", async () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 6 });
  const property = fc.asyncProperty(fc.constantFrom("sha256", "sha512"), parts, async (algorithm, all) => {
    const expected = createHash(algorithm).update(Buffer.concat(all)).digest("hex");
    for (const by of [shim, undefined]) {
      const digest = openDigest(algorithm, by);
      for (const bytes of all) await digest.add(bytes);
      assert.equal(digest.hex(), expected);
    }
  });
  await fc.assert(property, { numRuns: 60 });
});
