import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Failure } from "../../../../devtool/failure.ts";
import { Channel, StreamEnded } from "../../../../devtool/sync/wire/channel.ts";
import { Demultiplexer, MESSAGE, multiplex } from "../../../../devtool/sync/wire/multiplex.ts";
import {
  ByteWriter,
  decodeVarint,
  followingBytes,
  IndexDecoder,
  IndexEncoder,
  type Parse,
} from "../../../../devtool/sync/wire/wire.ts";
import fc from "../../../rig/fast-check.ts";

function written(write: (to: ByteWriter) => void): Buffer {
  const writer = new ByteWriter();
  write(writer);
  return writer.take();
}

/** rsync/io.c:read_varlong, written independently of the encoder. */
function decodeVarlong(bytes: Buffer, least: number): bigint {
  const first = bytes.readUInt8(0);
  const extra = followingBytes(first);
  assert.equal(bytes.length, least + extra);
  const value = Buffer.alloc(9);
  bytes.copy(value, 0, 1, least + extra);
  value[least - 1 + extra] = extra === 0 ? first : first & ((1 << (8 - extra)) - 1);
  return value.readBigInt64LE(0);
}

/** Worked out by hand from rsync/io.c:write_varint. */
const VARINTS: readonly [number, string][] = [
  [0, "00"],
  [1, "01"],
  [127, "7f"],
  [128, "8080"],
  [16383, "bfff"],
  [16384, "c00040"],
  [0x7fffffff, "f0ffffff7f"],
  [-1, "f0ffffffff"],
];

test("a varint is written as rsync writes it", () => {
  for (const [value, bytes] of VARINTS) assert.equal(written((to) => to.varint(value)).toString("hex"), bytes);
});

test("a varint decodes to what was encoded", () => {
  fc.assert(
    fc.property(fc.integer(), (value) => {
      const bytes = written((to) => to.varint(value));
      assert.equal(bytes.length, 1 + followingBytes(bytes.readUInt8(0)));
      assert.equal(decodeVarint(bytes.readUInt8(0), bytes.subarray(1)), value);
    }),
  );
});

test("sizes above 2 GB and times before 1970 and after 2038 decode to what was encoded as a varlong", () => {
  const number = fc.oneof(
    fc.maxSafeInteger(),
    fc.integer(),
    fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 40 + 1, -1, -(2 ** 31) - 1),
  );
  fc.assert(
    fc.property(number, fc.constantFrom(3, 4), (value, least) => {
      assert.equal(
        decodeVarlong(
          written((to) => to.varlong(value, least)),
          least,
        ),
        BigInt(value),
      );
    }),
  );
});

/** What a parser makes of these bytes. */
function parsed<T>(parse: Parse<T>, take: (length: number) => Buffer): T {
  let step = parse.next();
  while (step.done !== true) step = parse.next(take(step.value));
  return step.value;
}

test("file indices decode to what was encoded, in any order", () => {
  const index = fc.oneof(
    fc.nat(),
    fc.nat(300),
    fc.nat(40_000),
    fc.constant(-1),
    fc.integer({ min: -100_000, max: -2 }),
  );
  fc.assert(
    fc.property(fc.array(index), (indices) => {
      const encoder = new IndexEncoder();
      const bytes = written((to) => {
        for (const value of indices) encoder.encode(value, to);
      });
      let at = 0;
      const take = (length: number) => {
        at += length;
        return bytes.subarray(at - length, at);
      };
      const decoder = new IndexDecoder();
      for (const value of indices) assert.equal(parsed(decoder.decode(), take), value);
      assert.equal(at, bytes.length);
    }),
  );
});

/** What a demultiplexer outputs for bytes split at the given places. */
function demultiplexed(bytes: Buffer, cuts: readonly number[]): { data: string; messages: string[] } {
  const data: Buffer[] = [];
  const messages: string[] = [];
  const demultiplexer = new Demultiplexer({
    data: (piece) => void data.push(Buffer.from(piece)),
    message: ({ kind, payload }) => void messages.push(`${kind} ${payload.toString("hex")}`),
  });
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (const [i, place] of places.entries()) demultiplexer.push(bytes.subarray(places[i - 1] ?? 0, place));
  return { data: Buffer.concat(data).toString("hex"), messages };
}

test("data and messages are separated wherever the stream is split", () => {
  const frame = fc.record({
    kind: fc.constantFrom(...Object.values(MESSAGE)),
    payload: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(frame), fc.array(fc.nat()), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(({ kind, payload }) => multiplex(kind, Buffer.from(payload))));
      const { data, messages } = demultiplexed(stream, cuts);
      const isData = ({ kind }: { kind: number }) => kind === MESSAGE.data;
      assert.equal(data, Buffer.concat(frames.filter(isData).map(({ payload }) => payload)).toString("hex"));
      const others = frames.filter((one) => !isData(one));
      assert.deepEqual(
        messages,
        others.map(({ kind, payload }) => `${kind} ${Buffer.from(payload).toString("hex")}`),
      );
    }),
  );
});

test("what is longer than a frame can be is sent in two", () => {
  const stream = multiplex(MESSAGE.data, Buffer.alloc(0x1000000));
  assert.equal(stream.length, 0x1000000 + 8);
  assert.equal(stream.subarray(0, 4).toString("hex"), "ffffff07");
  assert.equal(stream.subarray(0xffffff + 4, 0xffffff + 8).toString("hex"), "01000007");
});

test("whatever bytes arrive, a demultiplexer accepts them or throws a Failure", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat()), (bytes, cuts) => {
      try {
        demultiplexed(Buffer.from(bytes), cuts);
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test("nothing more is sent to what has ended, so that the rest of a large file is not read for it", async () => {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough() };
  const channel = new Channel(streams, () => {});
  streams.stdout.end();
  streams.stdin.destroy();
  await once(streams.stdin, "close");
  channel.out.byte(1);
  await assert.rejects(channel.flush(), StreamEnded);
});
