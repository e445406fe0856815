import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseLine } from "../../../../runtime/container/log/line.ts";
import fc from "../../../rig/fast-check.ts";

const TIME = "2026-11-26T11:02:00.123456789Z";

describe("a line of a log", () => {
  it("is read with all its bytes", () => {
    const streams = fc.constantFrom("stdout" as const, "stderr" as const, "monitor" as const);
    fc.assert(
      fc.property(streams, fc.boolean(), fc.uint8Array(), (stream, isPart, text) => {
        const line = Buffer.concat([Buffer.from(`${TIME} ${stream} ${isPart ? "P" : "F"} `), text]);
        assert.deepEqual(parseLine(line), { time: TIME, stream, isPart, text: Buffer.from(text) });
      }),
    );
  });

  it("that was cut short, or is none, is left out", () => {
    const line = `${TIME} stdout F `;
    for (let length = 0; length < line.length; length += 1)
      assert.equal(parseLine(Buffer.from(line.slice(0, length))), undefined);
    for (const other of [`${TIME} stdin F x`, `${TIME} stdout G x`, `${TIME}  stdout F x`])
      assert.equal(parseLine(Buffer.from(other)), undefined, other);
    fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(parseLine(Buffer.from(bytes)), undefined)));
  });
});
