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
