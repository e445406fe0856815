import assert from "node:assert/strict";
import test from "node:test";
import {
  encodeFrame,
  encodePreface,
  FRAME_BYTES_MAX,
  type Frame,
  FrameDecoder,
  MAGIC,
  PROTOCOL_VERSION,
  ProtocolError,
} from "../../../devtool/protocol/frame.ts";
import fc from "../../rig/fast-check.ts";

const anyFrame = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 300 }))
  .map(([kind, payload]) => ({ kind, payload: Buffer.from(payload) }));

/** Splits at the given places, as a network does. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

test("frames decode to what was encoded, however the bytes are split", () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 20 }), (frames, places) => {
      const bytes = Buffer.concat([encodePreface(), ...frames.map(({ kind, payload }) => encodeFrame(kind, payload))]);
      const decoder = new FrameDecoder();
      const decoded: Frame[] = cut(bytes, places).flatMap((chunk) => decoder.push(chunk));
      assert.deepEqual(decoded, frames);
    }),
  );
});

test("of a kind that carries a stream, what has arrived is there at once, in order with the other frames", () => {
  const inPieces = new Set([1, 2]);
  const kinds = fc.integer({ min: 0, max: 3 });
  const frames = fc.array(fc.tuple(kinds, fc.uint8Array({ maxLength: 300 })), { maxLength: 10 });
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 20 }), (written, places) => {
      const preface = encodePreface();
      const bytes = Buffer.concat([preface, ...written.map(([kind, payload]) => encodeFrame(kind, payload))]);
      const decoder = new FrameDecoder(inPieces);
      const returned: Frame[] = [];
      let arrived = 0;
      for (const chunk of cut(bytes, places)) {
        returned.push(...decoder.push(chunk));
        arrived += chunk.length;
        assert.deepEqual(joined(returned), joined(upTo(arrived - preface.length)));
      }

      function upTo(end: number): Frame[] {
        let at = 0;
        return written.flatMap(([kind, payload]) => {
          const from = at + 5;
          at = from + payload.length;
          const isThere = inPieces.has(kind) && payload.length > 0 ? end > from : end >= at;
          return isThere ? [{ kind, payload: Buffer.from(payload.subarray(0, end - from)) }] : [];
        });
      }
    }),
  );
});

/** With what is next to each other of a stream in one. */
function joined(frames: readonly Frame[]): Frame[] {
  const all: Frame[] = [];
  for (const frame of frames) {
    const last = all.at(-1);
    if (last?.kind !== frame.kind || (frame.kind !== 1 && frame.kind !== 2)) all.push(frame);
    else all[all.length - 1] = { kind: frame.kind, payload: Buffer.concat([last.payload, frame.payload]) };
  }
  return all;
}

test("a frame of the maximum length passes, and one byte more is refused by both sides", () => {
  const decoder = new FrameDecoder();
  decoder.push(encodePreface());
  const [frame] = decoder.push(encodeFrame(1, Buffer.alloc(FRAME_BYTES_MAX)));
  assert.equal(frame?.payload.length, FRAME_BYTES_MAX);
  assert.throws(() => encodeFrame(1, Buffer.alloc(FRAME_BYTES_MAX + 1)), ProtocolError);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(FRAME_BYTES_MAX + 1);
  assert.throws(() => decoder.push(header), ProtocolError);
});

test("another magic or version is refused before any frame is read", () => {
  assert.throws(() => new FrameDecoder().push(Buffer.from("SSH-2.0-OpenSSH_9.2")), /not a devtool agent/);
  const newer = Buffer.concat([MAGIC, Buffer.of(PROTOCOL_VERSION + 1)]);
  assert.throws(() => new FrameDecoder().push(newer), new RegExp(`version ${PROTOCOL_VERSION + 1}`));
});

test("whatever bytes arrive, the decoder returns frames or throws a ProtocolError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, afterPreface) => {
      const decoder = new FrameDecoder();
      if (afterPreface) decoder.push(encodePreface());
      try {
        for (const { payload } of decoder.push(Buffer.from(noise))) assert.ok(payload.length <= FRAME_BYTES_MAX);
      } catch (error) {
        assert.ok(error instanceof ProtocolError);
      }
    }),
  );
});
