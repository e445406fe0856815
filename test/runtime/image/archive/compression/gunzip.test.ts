import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { describe, it, test } from "node:test";
import { constants, crc32, gunzipSync, gzipSync } from "node:zlib";
import { openShim } from "../../../../../runtime/host/shim.ts";
import { gunzipNatively } from "../../../../../runtime/image/archive/compression/gunzip.ts";
import { gunzip } from "../../../../../runtime/image/archive/compression/gzip.ts";
import fc from "../../../../rig/fast-check.ts";

const shim = await openShim();

/** In so many. */
async function* pieces(bytes: Buffer, count: number): AsyncGenerator<Buffer> {
  const length = Math.max(1, Math.ceil(bytes.length / count));
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const piece of source) read.push(piece);
  return Buffer.concat(read);
}

const natively = (bytes: Buffer, count: number) => bytesOf(gunzipNatively(shim, pieces(bytes, count)));
const { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;

/** Runs, repetitions from near and far, and bytes without either. */
const part = fc.oneof(
  fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 2_000 })).map(([byte, count]) => Buffer.alloc(count, byte)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 400 }))
    .map(([word, count]) => Buffer.alloc(word.length * count, word)),
  fc.tuple(fc.nat(), fc.integer({ min: 1, max: 60_000 })).map(([seed, length]) => noise(seed, length)),
);
const content = fc.array(part, { maxLength: 12 }).map((parts) => Buffer.concat([...parts, ...parts.slice(0, 2)]));
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
});
const count = fc.integer({ min: 1, max: 40 });

function noise(seed: number, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 64) }, (_, i) =>
    createHash("sha512").update(`${seed} ${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

test("what zlib compresses, in any way, is what it was", async () => {
  const property = fc.asyncProperty(content, options, count, async (bytes, how, parts) => {
    assert.ok((await natively(gzipSync(bytes, how), parts)).equals(bytes));
  });
  await fc.assert(property, { numRuns: 150 });
});

test("what is longer than what is made at once is what it was, also where a match or a member goes over its end", async () => {
  const bytes = Buffer.concat(
    Array.from({ length: 60 }, (_, i) => Buffer.concat([noise(i % 7, 30_011), Buffer.alloc(9_000, i)])),
  );
  const members = [bytes, Buffer.alloc(0), bytes.subarray(0, 600_000), Buffer.from("end")];
  const compressed = Buffer.concat(members.map((member) => gzipSync(member)));
  assert.ok((await natively(compressed, 9)).equals(Buffer.concat(members)));
  assert.ok((await natively(gzipSync(Buffer.alloc(30_000_000)), 29)).equals(Buffer.alloc(30_000_000)));
});

/** With what RFC 1952 lets a header have. */
function withHeader(flags: number, fields: Buffer): Buffer {
  const plain = gzipSync("hello");
  const fixed = Buffer.from(plain.subarray(0, 10));
  fixed.writeUInt8(flags, 3);
  const header = Buffer.concat([fixed, fields]);
  const checksum = Buffer.alloc(flags & 2 ? 2 : 0);
  if (flags & 2) checksum.writeUInt16LE(crc32(header) & 0xffff);
  return Buffer.concat([header, checksum, plain.subarray(10)]);
}

test("a header's name, comment, extra field and checksum are passed over, and a wrong checksum is refused", async () => {
  const fields = Buffer.from("\x05\0extraname\0comment\0", "latin1");
  for (const count of [1, 1_000]) {
    assert.equal((await natively(withHeader(4 + 8 + 16 + 2, fields), count)).toString(), "hello");
    assert.equal((await natively(withHeader(8, Buffer.from("name\0")), count)).toString(), "hello");
    const wrong = withHeader(2, Buffer.alloc(0));
    wrong.writeUInt8((wrong[10] ?? 0) ^ 1, 10);
    await assert.rejects(natively(wrong, count), /invalid header/);
    await assert.rejects(natively(withHeader(32, Buffer.alloc(0)), count), /invalid header/);
  }
});

test("a wrong checksum or length, and what follows the end, are refused with the reason", async () => {
  const good = gzipSync("hello");
  const changed = (at: number) => {
    const bad = Buffer.from(good);
    bad.writeUInt8((bad.at(at) ?? 0) ^ 1, bad.length + at);
    return bad;
  };
  await assert.rejects(natively(changed(-8), 3), /incorrect data check/);
  await assert.rejects(natively(changed(-1), 3), /incorrect length check/);
  await assert.rejects(natively(good.subarray(0, -1), 3), /unexpected end of file/);
  await assert.rejects(natively(Buffer.alloc(0), 3), /unexpected end of file/);
  await assert.rejects(natively(Buffer.concat([good, Buffer.alloc(9), Buffer.from("x")]), 3), /more data follows/);
  await assert.rejects(natively(Buffer.concat([good, Buffer.from("x")]), 3), /incorrect header check/);
  assert.equal((await natively(Buffer.concat([good, Buffer.alloc(700)]), 3)).toString(), "hello");
});

const good = fc
  .tuple(fc.array(part, { maxLength: 3 }), options)
  .map(([parts, how]) => gzipSync(Buffer.concat(parts).subarray(0, 4_000), how));
const mutated = fc
  .tuple(good, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(60))
  .map(([bytes, changes, cut]) => {
    const bad = Buffer.from(bytes);
    // Most of them where the codes of a block are.
    for (const [where, value] of changes)
      bad.writeUInt8(value, (where % 3 === 0 ? where : 10 + (where % 90)) % bad.length);
    return cut === 0 ? bad.subarray(0, -5) : bad;
  });
/** Any blocks after a header that is valid. */
const anything = fc
  .uint8Array({ maxLength: 400 })
  .map((bytes) => Buffer.concat([Buffer.from("1f8b0800000000000003", "hex"), bytes]));
const input = fc.oneof({ weight: 3, arbitrary: mutated }, { weight: 2, arbitrary: anything });

test("what is broken is refused where zlib refuses it, and read where zlib reads it", async () => {
  const outcomes = new Set<string>();
  const outcome = async (source: AsyncIterable<Uint8Array>) => bytesOf(source).catch(() => "refused" as const);
  const property = fc.asyncProperty(input, count, async (bytes, parts) => {
    const theirs = await outcome(gunzip(pieces(bytes, 1)));
    const ours = await outcome(gunzipNatively(shim, pieces(bytes, parts)));
    outcomes.add(typeof theirs);
    assert.deepEqual(ours, theirs);
  });
  await fc.assert(property, { numRuns: 1_500 });
  assert.deepEqual([...outcomes].sort(), ["object", "string"]);
});

describe("under AddressSanitizer and UndefinedBehaviorSanitizer", () => {
  execFileSync("make", ["--silent", "-C", "native", "sanitize"]);

  const sizes = fc.tuple(fc.constantFrom(1, 7, 64, 5_000), fc.constantFrom(1, 258, 300, 40_000));
  const framed = ([bytes, [piece, room]]: readonly [Buffer, readonly [number, number]]) => {
    const head = Buffer.alloc(12);
    for (const [i, value] of [bytes.length, piece, room].entries()) head.writeUInt32LE(value, 4 * i);
    return Buffer.concat([head, bytes]);
  };
  const printed = (inputs: readonly Buffer[]) =>
    execFileSync("native/build/gunzip-print", { input: Buffer.concat(inputs), encoding: "latin1" })
      .trim()
      .split("\n");

  it("reads what zlib reads, and nothing outside of what it is given, in pieces of any size", () => {
    const inputs = fc.sample(fc.tuple(input, sizes), 4_000);
    const lines = printed(inputs.map(framed));
    assert.equal(lines.length, inputs.length);
    for (const [i, [bytes]] of inputs.entries()) {
      const [result, ended, written] = (lines[i] ?? "").split(" ").map(Number);
      if (result === 0 && ended === 1) assert.equal(written, gunzipSync(bytes).length);
      else assert.throws(() => gunzipSync(bytes), `${lines[i]} ${bytes.toString("hex")}`);
    }
  });
});
