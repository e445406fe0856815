import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, it } from "node:test";
import { openShim } from "../../../../runtime/host/shim.ts";
import { blobBytes } from "../../../../runtime/image/content/blob-bytes.ts";
import { blobPath } from "../../../../runtime/image/content/places.ts";
import { place } from "../rig.ts";

const READ_BYTES = 256 * 1_024;
const SIZES = [1, READ_BYTES, READ_BYTES + 1, 3 * READ_BYTES];

describe("the bytes of a blob", () => {
  for (const size of SIZES) {
    it(`of ${size} bytes are all there, in order`, async (t) => {
      const { root } = await place(t);
      const content = Buffer.alloc(size, "blob ");
      const [bytes, failed] = await read(root, content, content);
      assert.deepEqual([bytes.equals(content), failed], [true, undefined]);
    });

    it(`of ${size} bytes end before the last ones where one of them is another`, async (t) => {
      const { root } = await place(t);
      const content = Buffer.alloc(size, "blob ");
      const other = Buffer.from(content);
      other[0] = 0;
      const [bytes, failed] = await read(root, content, other);
      assert.ok(bytes.length < size);
      assert.match(String(failed), /is missing or damaged/);
    });
  }
});

/** What is read of `stored` as the blob `content`, and the error at its end. */
async function read(root: string, content: Buffer, stored: Buffer): Promise<[bytes: Buffer, failed: unknown]> {
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  mkdirSync(dirname(blobPath(root, digest)), { recursive: true });
  writeFileSync(blobPath(root, digest), stored);
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of blobBytes(root, digest, await openShim())) pieces.push(piece);
    return [Buffer.concat(pieces), undefined];
  } catch (error) {
    return [Buffer.concat(pieces), error];
  }
}
