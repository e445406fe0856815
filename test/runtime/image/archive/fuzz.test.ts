import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { removeImage } from "../../../../runtime/image/remove.ts";
import fc from "../../../rig/fast-check.ts";
import { GOOD, mutatedArchive } from "../fuzzed.ts";
import { imagesIn, importInto, place, refusal, snapshot } from "../rig.ts";

const COMPRESSIONS: Readonly<Record<string, (data: Buffer) => Buffer>> = {
  plain: (data) => data,
  gzip: (data) => gzipSync(data),
};

test("a mutated archive becomes an image or is refused, and touches nothing else", async (context) => {
  const here = await place(context);
  const before = snapshot(here.outside);
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(mutatedArchive, fc.constantFrom(...Object.keys(COMPRESSIONS)), async (bad, compression) => {
      const source = COMPRESSIONS[compression]?.(bad) ?? GOOD;
      outcomes.add(await importedOrRefused(here.root, source));
      assert.deepEqual(imagesIn(here), []);
      assert.deepEqual(snapshot(here.outside), before);
    }),
    { numRuns: 400 },
  );
  assert.deepEqual([...outcomes].sort(), ["imported", "refused"]);
});

test("mutated gzip and zstd data become an image or are refused", async (context) => {
  const here = await place(context);
  const compressed = [gzipSync(GOOD), execFileSync("zstd", ["-q", "-c"], { input: GOOD })];
  for (const good of compressed) assert.equal(await importedOrRefused(here.root, good), "imported");
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...compressed),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      async (good, changes) => {
        const bad = Buffer.from(good);
        for (const [at, byte] of changes) bad.writeUInt8(byte, at % bad.length);
        outcomes.add(await importedOrRefused(here.root, bad));
        assert.deepEqual(imagesIn(here), []);
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(outcomes.has("refused"));
});

async function importedOrRefused(root: string, source: Buffer): Promise<"imported" | "refused"> {
  const importing = importInto(root, "image", source);
  const isImported = await importing.then(
    () => true,
    () => false,
  );
  if (isImported) await removeImage(root, "image");
  else await refusal(importing);
  return isImported ? "imported" : "refused";
}
