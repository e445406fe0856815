import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { removeImage } from "../../../../runtime/image/remove.ts";
import { imagesIn, importInto, place, refusal, snapshot } from "../rig.ts";
import { archive, pax, signed } from "./archive.ts";

const GOOD = archive(
  { name: "./", type: "5", mode: 0o755 },
  { name: "dev/null", type: "3" },
  { name: "etc/", type: "5" },
  { name: "etc/passwd", content: "root:x:0:0::/:/bin/sh\n" },
  pax({ path: "etc/long name", mtime: "1700000000.5", "SCHILY.xattr.user.a": "b" }),
  { name: "x", content: "n".repeat(600) },
  { name: "././@LongLink", type: "L", content: `usr/${"l".repeat(200)}\0` },
  { name: "x", content: "y" },
  { name: "bin", type: "2", target: "usr/bin" },
  { name: "etc/link", type: "1", target: "etc/passwd" },
);
const BLOCK = 512;

interface Mutation {
  readonly at: number;
  readonly byte: number;
  /** Whether the checksum of the header block that it changes is corrected. */
  readonly sign: boolean;
}

/** Mostly bytes that mean something in a header: digits, a slash, a dot, NUL, the types. */
const byte = fc.oneof(fc.constantFrom(...Buffer.from("/.\x000127S LKxg-\x80\xff", "latin1")), fc.nat(255));
/** Anywhere, or where a header's numbers and its type begin. */
const at = fc.oneof(
  fc.nat(GOOD.length - 1),
  fc
    .tuple(fc.nat(GOOD.length / BLOCK - 1), fc.constantFrom(100, 108, 116, 124, 136, 156))
    .map(([block, field]) => block * BLOCK + field),
);
const mutation: fc.Arbitrary<Mutation> = fc.record({ at, byte, sign: fc.boolean() });

function mutated(mutations: readonly Mutation[]): Buffer {
  const bad = Buffer.from(GOOD);
  for (const { at, byte, sign } of mutations) {
    bad.writeUInt8(byte, at);
    const block = Math.floor(at / BLOCK) * BLOCK;
    if (sign) signed(bad.subarray(block, block + BLOCK));
  }
  return bad;
}

const COMPRESSIONS: Readonly<Record<string, (data: Buffer) => Buffer>> = {
  plain: (data) => data,
  gzip: (data) => gzipSync(data),
};

test("a mutated archive becomes an image or is refused, and touches nothing else", async (context) => {
  const here = await place(context);
  const before = snapshot(here.outside);
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(mutation, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...Object.keys(COMPRESSIONS)),
      async (mutations, compression) => {
        const source = COMPRESSIONS[compression]?.(mutated(mutations)) ?? GOOD;
        outcomes.add(await importedOrRefused(here.root, source));
        assert.deepEqual(imagesIn(here), []);
        assert.deepEqual(snapshot(here.outside), before);
      },
    ),
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
