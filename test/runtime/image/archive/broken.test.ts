import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Failure } from "../../../../runtime/failure.ts";
import { hints } from "../../../../runtime/image/hints.ts";
import { removeImage } from "../../../../runtime/image/remove.ts";
import { imagesIn, importInto, type Place, place, refusal, snapshot } from "../rig.ts";
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

function zstd(data: Buffer, ...options: string[]): Buffer {
  return execFileSync("zstd", ["-q", "-c", ...options], { input: data });
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

test("no flipped bit of gzip or zstd data changes the image: it is refused, or means nothing", async (context) => {
  const here = await place(context);
  const whole = Buffer.concat([WHOLE, Buffer.alloc(1_024)]);
  const { rootfs } = await importInto(here.root, "whole", whole);
  const expected = snapshot(rootfs);
  for (const compressed of [gzipSync(whole), zstd(whole)]) {
    for (let bit = 0; bit < compressed.length * 8; bit += 11) {
      const bad = Buffer.from(compressed);
      bad.writeUInt8(bad.readUInt8(bit >> 3) ^ (1 << (bit % 8)), bit >> 3);
      const imported = await importInto(here.root, "flipped", bad).catch((error: unknown) => error);
      if (imported instanceof Failure) continue;
      assert.deepEqual(snapshot(join(here.root, "images/flipped/rootfs")), expected, `bit ${bit}: ${imported}`);
      await removeImage(here.root, "flipped");
    }
  }
});

test("zstd data that tells a wrong length, has none, or a window beyond the limit is refused", async (context) => {
  const here = await place(context);
  const whole = Buffer.concat([WHOLE, Buffer.alloc(1_024)]);
  const sized = zstd(whole, "--no-check", `--stream-size=${whole.length}`);
  assert.equal(sized.readUInt16LE(5), whole.length - 256);
  sized.writeUInt16LE(whole.length - 255, 5);
  await refusedFor(here, sized, /broken or cut short \(it does not have the length that it tells\)/);
  await refusedFor(here, Buffer.from("28b52ffd00b8", "hex"), /needs 8,192 MiB of memory, and the limit is 128/);
  await refusedFor(here, Buffer.from("28b52ffde0ffffffffffff1f00", "hex"), /MiB of memory, and the limit is 128/);
  await refusedFor(here, Buffer.from("28b52ffd0058f9ffff", "hex"), /\(a block is too large\)/);
  await refusedFor(here, Buffer.from("28b52ffd0158070100", "hex"), /needs a dictionary/);
});

test("data after the end of gzip and zstd data is refused, but for the zeros that fill up a tape's block", async (context) => {
  const here = await place(context);
  const whole = Buffer.concat([WHOLE, Buffer.alloc(1_024)]);
  const [zeros, rest] = [Buffer.alloc(100_000), Buffer.from("more")];
  await refusedFor(here, Buffer.concat([gzipSync(whole), rest]), /gzip data is broken/);
  await refusedFor(here, Buffer.concat([gzipSync(whole), zeros, rest]), /gzip data is broken .*more data follows/);
  await refusedFor(here, Buffer.concat([gzipSync(whole), zeros, gzipSync(whole)]), /gzip data is broken/);
  await refusedFor(here, Buffer.concat([zstd(whole), rest]), /zstd data is broken .*more data follows/);
  await refusedFor(here, Buffer.concat([zstd(whole), zeros]), /zstd data is broken .*more data follows/);
  await importInto(here.root, "tape", Buffer.concat([gzipSync(whole), zeros]));
});

test("what follows the end of an archive is ignored, as by tar, and said", async (context) => {
  const here = await place(context);
  const rest = Buffer.concat([Buffer.alloc(20_000), archive({ name: "second", content: "x" })]);
  const imported = await importInto(here.root, "two", Buffer.concat([WHOLE, Buffer.alloc(1_024), rest]));
  assert.equal(imported.record.files, 4);
  assert.match(hints(imported).join("\n"), /ignored [\d,]+ bytes after the end of the archive/);
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
    /compressed with xz; give it on standard input, behind `xz -dc FILE \|/,
  );
});

test("a broken header after good ones is refused", async (context) => {
  const bad = Buffer.from(WHOLE);
  bad.writeUInt8(bad.readUInt8(512) ^ 1, 512);
  await refusedFor(await place(context), bad, /it is broken \(Invalid tar header: its checksum is another/);
});

test("gzip and zstd are recognized by their first bytes, also in several parts", async (context) => {
  const here = await place(context);
  const whole = Buffer.concat([WHOLE, Buffer.alloc(1_024)]);
  const parts = [whole.subarray(0, 1_000), whole.subarray(1_000)];
  const sources = {
    gzip: gzipSync(whole),
    zstd: zstd(whole),
    members: Buffer.concat(parts.map((part) => gzipSync(part))),
    frames: Buffer.concat(parts.map((part) => zstd(part))),
    skippable: Buffer.concat([Buffer.from("502a4d18040000000badcafe", "hex"), zstd(whole)]),
  };
  for (const [name, source] of Object.entries(sources)) {
    const { record } = await importInto(here.root, name, source);
    assert.deepEqual({ files: record.files, bytes: record.bytes }, { files: 4, bytes: 1_725 });
  }
});
