import assert from "node:assert/strict";
import { test } from "node:test";
import { type BlockSums, createMatcher } from "../../../../devtool/sync/send/delta.ts";
import { createStrongSum, weakSum } from "../../../../devtool/sync/wire/checksum.ts";
import fc from "../../../rig/fast-check.ts";

const strongSum = createStrongSum({ value: 7, isFirst: true });

/** The sums that rsync's generator computes of an old file; rsync/generator.c:generate_and_send_sums. */
function sumsOf(old: Buffer, blockLength: number, strongLength = 16): BlockSums {
  const records: Buffer[] = [];
  for (let at = 0; at < old.length; at += blockLength) {
    const block = old.subarray(at, at + blockLength);
    const weak = Buffer.alloc(4);
    weak.writeInt32LE(weakSum(new Int8Array(block), 0, block.length));
    records.push(weak, strongSum(block).subarray(0, strongLength));
  }
  const count = records.length / 2;
  return { count, blockLength, strongLength, remainder: old.length % blockLength, sums: Buffer.concat(records) };
}

interface Delta {
  readonly result: Buffer;
  readonly literalBytes: number;
}

/** Matches piece by piece, as files are read, and applies the tokens to the old file. */
function delta(old: Buffer, fresh: Buffer, blockLength: number, pieceLength: number): Delta {
  const match = createMatcher(sumsOf(old, blockLength), strongSum);
  const parts: Buffer[] = [];
  let literalBytes = 0;
  const sink = {
    literal(bytes: Buffer) {
      literalBytes += bytes.length;
      parts.push(Buffer.from(bytes));
    },
    block(index: number) {
      parts.push(old.subarray(index * blockLength, (index + 1) * blockLength));
    },
  };
  let held = Buffer.alloc(0);
  for (let at = 0; at < fresh.length || at === 0; at += pieceLength) {
    const piece = Buffer.concat([held, fresh.subarray(at, at + pieceLength)]);
    const done = match(piece, at + pieceLength >= fresh.length, sink);
    held = piece.subarray(done);
  }
  return { result: Buffer.concat(parts), literalBytes };
}

/** Text with much repetition, so that blocks match in more than one place. */
const text = fc
  .array(fc.constantFrom("a", "b", "ab", "abc\n", "\xff\x80"), { maxLength: 400 })
  .map((parts) => Buffer.from(parts.join(""), "latin1"));
const shape = fc.record({
  blockLength: fc.integer({ min: 1, max: 60 }),
  pieceLength: fc.integer({ min: 1, max: 300 }),
});

test("the tokens applied to the old file produce the new one", () => {
  fc.assert(
    fc.property(text, text, text, shape, (start, end, other, { blockLength, pieceLength }) => {
      const old = Buffer.concat([start, end]);
      for (const fresh of [other, Buffer.concat([start, other, end]), Buffer.concat([end, start])]) {
        assert.ok(delta(old, fresh, blockLength, pieceLength).result.equals(fresh));
      }
    }),
    { numRuns: 300 },
  );
});

test("an identical file sends no literal", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), shape, (bytes, { blockLength, pieceLength }) => {
      const file = Buffer.from(bytes);
      const { result, literalBytes } = delta(file, file, blockLength, pieceLength);
      assert.ok(result.equals(file));
      assert.equal(literalBytes, 0);
    }),
  );
});

test("a changed line in the middle costs little more than the blocks it is in", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8000, maxLength: 9000 }),
      fc.nat(7000),
      fc.string({ maxLength: 80 }),
      (bytes, at, line) => {
        const old = Buffer.from(bytes);
        const fresh = Buffer.concat([old.subarray(0, at), Buffer.from(line), old.subarray(at + 20)]);
        const { result, literalBytes } = delta(old, fresh, 700, 1000);
        assert.ok(result.equals(fresh));
        assert.ok(literalBytes <= Buffer.byteLength(line) + 2 * 700, `${literalBytes} literal bytes`);
      },
    ),
    { numRuns: 50 },
  );
});

test("thousands of blocks with one weak sum do not make the search quadratic", () => {
  // "01" and "10" swapped within a block keep both halves of the weak sum only where they cancel out.
  const block = (i: number) =>
    Buffer.from(
      Array.from({ length: 16 }, (_, bit) => ((i >> bit) & 1 ? "\x01\x00\x00\x01" : "\x00\x01\x01\x00")).join(""),
    );
  const old = Buffer.concat(Array.from({ length: 20_000 }, (_, i) => block(i)));
  const fresh = Buffer.concat(Array.from({ length: 200 }, (_, i) => block(40_000 + i)));
  assert.equal(new Set(Array.from({ length: 50 }, (_, i) => weakSum(new Int8Array(block(i)), 0, 64))).size, 1);
  assert.ok(delta(old, fresh, 64, 4096).result.equals(fresh));
});
