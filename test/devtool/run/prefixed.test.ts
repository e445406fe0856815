import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { prefixed } from "../../../devtool/run/prefixed.ts";
import fc from "../../rig/fast-check.ts";

async function written(chunks: readonly Uint8Array[], prefix = "a | "): Promise<Buffer> {
  const to = new PassThrough();
  const all = buffer(to);
  const stream = prefixed(to, prefix);
  for (const chunk of chunks) stream.write(chunk);
  stream.end(() => to.end());
  return await all;
}

test("each line is behind the prefix, however it arrives, and a last one without an end gets one", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 20 }).map((bytes) => bytes.map((byte) => (byte % 5 === 0 ? 10 : byte)))),
      async (chunks) => {
        const lines = Buffer.concat(chunks).toString("latin1").split("\n");
        if (lines.at(-1) === "") lines.pop();
        assert.equal((await written(chunks)).toString("latin1"), lines.map((line) => `a | ${line}\n`).join(""));
      },
    ),
  );
});

test("a line that never ends is passed on in parts", async () => {
  const output = await written([Buffer.alloc(100_000, "x"), Buffer.alloc(100_000, "y")]);
  assert.equal(output.toString().split("\n").length, 3);
});
