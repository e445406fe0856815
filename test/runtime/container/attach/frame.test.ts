import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { endFrame, FRAME, frameReader, inputFrames, resizeFrame } from "../../../../runtime/container/attach/frame.ts";
import fc from "../../../rig/fast-check.ts";

/** In pieces of these lengths, again and again. */
function pieces(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const length = lengths[i % lengths.length] ?? 1;
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

const lengths = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 });

describe("frames", () => {
  it("are read from whatever pieces they come in", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200_000 }), lengths, (typed, cuts) => {
        const bytes = Buffer.concat([inputFrames(Buffer.from(typed)), resizeFrame(24, 80)]);
        const read = frameReader();
        const frames = pieces(bytes, cuts).flatMap((piece) => read(Buffer.from(piece)));
        const input = frames.filter(({ kind }) => kind === FRAME.input).map((frame) => frame.bytes);
        assert.ok(input.every(({ length }) => length <= 65_536));
        assert.deepEqual(Buffer.concat(input), Buffer.from(typed));
        assert.deepEqual(frames.at(-1), { kind: FRAME.resize, bytes: Buffer.from([24, 0, 80, 0]) });
      }),
      { numRuns: 30 },
    );
  });
});

describe("the monitor's reader of frames, under AddressSanitizer and UndefinedBehaviorSanitizer", () => {
  execFileSync("make", ["--silent", "-C", "native", "sanitize"]);
  const printed = (bytes: Uint8Array, piece: number) =>
    execFileSync("native/build/frame-print", [String(piece)], {
      input: bytes,
      encoding: "latin1",
      maxBuffer: 64 << 20,
    });

  it("reads what is sent here", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100_000 }), fc.integer({ min: 1, max: 4096 }), (typed, piece) => {
        const bytes = Buffer.concat([resizeFrame(50, 132), inputFrames(Buffer.from(typed)), endFrame()]);
        assert.equal(printed(bytes, piece), `50x132\n${Buffer.from(typed).toString("latin1")}end\n`);
      }),
      { numRuns: 20 },
    );
  });

  it("reads any other bytes up to the first that are no frame", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (bytes, piece) => {
        printed(bytes, piece);
        assert.match(
          printed(Buffer.concat([resizeFrame(1, 2), Buffer.alloc(8, 0xff), bytes]), piece),
          /^1x2\nno frame\n$/,
        );
      }),
      { numRuns: 60 },
    );
  });
});
