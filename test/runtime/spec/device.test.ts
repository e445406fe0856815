import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { deviceNumber, deviceRequest, numbersOfDevice } from "../../../runtime/spec/device.ts";
import { refused } from "./refused.ts";

describe("--device", () => {
  for (const [text, source, path] of [
    ["/dev/fuse", "/dev/fuse", "/dev/fuse"],
    ["/dev/fuse:rwm", "/dev/fuse", "/dev/fuse"],
    ["/dev/fuse:/dev/f", "/dev/fuse", "/dev/f"],
    ["/dev/fuse:/dev/f:rw", "/dev/fuse", "/dev/f"],
    ["/dev/fuse:/dev/f:mwr", "/dev/fuse", "/dev/f"],
    ["/dev//snd/../fuse:/x/", "/dev/fuse", "/x"],
  ] as const) {
    it(`${text} is ${source} at ${path}`, () => assert.deepEqual(deviceRequest(text), { source, path }));
  }

  for (const text of [
    "",
    ":",
    "/",
    "fuse",
    "dev/fuse",
    "/dev/fuse:",
    "/dev/fuse:f",
    "/dev/fuse:/",
    "/dev/fuse:/x:",
    "/dev/fuse:/x:rwx",
    "/dev/fuse:/x:rrw",
    "/dev/fuse:/x:y:rwm",
    "/dev/fuse:r",
    "/dev/fuse:/x:w",
    "/dev/fuse:/x:m",
    "/dev/\0fuse",
    "vendor.com/class=device",
  ]) {
    it(`${JSON.stringify(text)} is refused`, () => refused(() => deviceRequest(text)));
  }

  it("names a device by a number as the kernel writes it", () => {
    assert.deepEqual(numbersOfDevice(0x103), { major: 1, minor: 3 });
    assert.equal(deviceNumber({ major: 254, minor: 0x12345 }), 0x1230fe45);
    fc.assert(
      fc.property(fc.nat({ max: 4095 }), fc.nat({ max: 2 ** 20 - 1 }), (major, minor) => {
        assert.deepEqual(numbersOfDevice(deviceNumber({ major, minor })), { major, minor });
      }),
    );
  });
});
