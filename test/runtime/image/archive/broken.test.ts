import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { imagesIn, importInto, type Place, place, refusal } from "../rig.ts";
import { archive, pax, records } from "./archive.ts";

/** Each kind of block: headers, a long name's, content that fills a block and that doesn't. */
const WHOLE = records(
  { name: "./", type: "5", mode: 0o755 },
  { name: "full", content: "f".repeat(1_024) },
  pax({ path: `${"n".repeat(150)}` }),
  { name: "n", content: "x" },
  { name: "zeros", content: Buffer.alloc(700) },
  { name: "link", type: "2", target: "full" },
);

function zstd(data: Buffer): Buffer {
  return execFileSync("zstd", ["-q", "-c"], { input: data });
}

async function refusedFor(here: Place, source: Buffer, says: RegExp): Promise<void> {
  const failure = await refusal(importInto(here.root, "bad", source));
  assert.match(failure.message, says);
  assert.deepEqual(imagesIn(here), []);
}

test("an archive that is cut short at any block, even just before the one that ends it, is refused", async (context) => {
  const here = await place(context);
  for (let length = 512; length <= WHOLE.length; length += 512) {
    await refusedFor(here, WHOLE.subarray(0, length), /is cut short/);
  }
  await importInto(here.root, "good", Buffer.concat([WHOLE, Buffer.alloc(512)]));
  assert.deepEqual(imagesIn(here), ["good"]);
});

test("an archive that is cut short within a block is refused", async (context) => {
  const here = await place(context);
  const end = Buffer.concat([WHOLE, Buffer.alloc(1_024)]);
  for (let length = 700; length < WHOLE.length + 512; length += 311) {
    await refusedFor(here, end.subarray(0, length), /is cut short/);
  }
});

test("gzip and zstd data that is cut short at any tenth is refused", async (context) => {
  const here = await place(context);
  const whole = Buffer.concat([WHOLE, Buffer.alloc(1_024)]);
  for (const [format, compressed] of Object.entries({ gzip: gzipSync(whole), zstd: zstd(whole) })) {
    for (let tenth = 1; tenth < 10; tenth += 1) {
      const cut = compressed.subarray(0, Math.max(7, Math.floor((compressed.length * tenth) / 10)));
      await refusedFor(here, cut, new RegExp(`its ${format} data is broken or cut short`));
    }
  }
});

test("gzip with a wrong checksum is refused", async (context) => {
  const compressed = gzipSync(Buffer.concat([WHOLE, Buffer.alloc(1_024)]));
  compressed.writeUInt8(compressed.readUInt8(compressed.length - 6) ^ 1, compressed.length - 6);
  await refusedFor(await place(context), compressed, /its gzip data is broken/);
});

test("what is not an archive is refused with the reason", async (context) => {
  const here = await place(context);
  await refusedFor(here, Buffer.alloc(0), /it is empty/);
  await refusedFor(here, archive(), /it contains no files/);
  await refusedFor(here, Buffer.from("hello\n"), /it is not a tar archive/);
  await refusedFor(here, Buffer.alloc(10_000, "text "), /it is not a tar archive/);
  await refusedFor(here, gzipSync("hello"), /it is not a tar archive/);
  await refusedFor(
    here,
    execFileSync("xz", ["-c"], { input: WHOLE }),
    /compressed with xz; import it with `xz -dc FILE \|/,
  );
});

test("a broken header after good ones is refused", async (context) => {
  const bad = Buffer.from(WHOLE);
  bad.writeUInt8(bad.readUInt8(512) ^ 1, 512);
  await refusedFor(await place(context), bad, /it is broken \(Invalid tar header/);
});

test("gzip and zstd are recognized by their first bytes, also in several parts", async (context) => {
  const here = await place(context);
  const whole = Buffer.concat([WHOLE, Buffer.alloc(1_024)]);
  const parts = [whole.subarray(0, 1_000), whole.subarray(1_000)];
  const sources = {
    gzip: gzipSync(whole),
    zstd: zstd(whole),
    members: Buffer.concat(parts.map((part) => gzipSync(part))),
    frames: Buffer.concat(parts.map(zstd)),
    skippable: Buffer.concat([Buffer.from("502a4d18040000000badcafe", "hex"), zstd(whole)]),
  };
  for (const [name, source] of Object.entries(sources)) {
    const { record } = await importInto(here.root, name, source);
    assert.deepEqual({ files: record.files, bytes: record.bytes }, { files: 4, bytes: 1_725 });
  }
});
