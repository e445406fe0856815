import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  checkAccess,
  checkDevicePlaces,
  deviceNumber,
  deviceRequest,
  numbersOfDevice,
} from "../../../../runtime/spec/security/device.ts";
import fc from "../../../rig/fast-check.ts";
import { refused } from "../refused.ts";

describe("--device", () => {
  for (const [text, source, path, access] of [
    ["/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm"],
    ["/dev/fuse:rwm", "/dev/fuse", "/dev/fuse", "rwm"],
    ["/dev/fuse:r", "/dev/fuse", "/dev/fuse", "r"],
    ["/dev/fuse:/dev/f", "/dev/fuse", "/dev/f", "rwm"],
    ["/dev/fuse:/dev/f:rw", "/dev/fuse", "/dev/f", "rw"],
    ["/dev/fuse:/dev/f:mw", "/dev/fuse", "/dev/f", "mw"],
    ["/dev//snd/../fuse:/x/", "/dev/fuse", "/x", "rwm"],
  ] as const) {
    it(`${text} is ${source} at ${path}`, () => assert.deepEqual(deviceRequest(text), { source, path, access }));
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
    "/dev/\0fuse",
    "vendor.com/class=device",
    "/dev/zero:/dev/null",
    "/dev/zero:/dev/stdout",
    "/dev/zero:/dev/pts/0",
    "/dev/zero:/proc/x",
    "/dev/zero:/sys/x",
  ]) {
    it(`${JSON.stringify(text)} is refused`, () => refused(() => deviceRequest(text)));
  }

  it("has a path of its own in the container: another device or a mount there is refused, the same device is not", () => {
    const check = (...texts: string[]) => checkDevicePlaces(texts, (path) => path === "/m");
    check("/dev/zero:/x", "/dev/full:/y", "/dev/zero:/x", "/dev/full:/m/x");
    for (const texts of [["/dev/zero:/x", "/dev/full:/x/"], ["/dev/zero:/x", "/dev/zero:/x:r"], ["/dev/zero:/m"]])
      refused(() => check(...texts));
  });

  it("can't be limited to reading where no cgroup has rules for it", () => {
    const device = { path: "/dev/fuse", major: 10, minor: 229 };
    checkAccess([device, { ...device, access: "rw" }, { ...device, access: "mrw" }]);
    for (const access of ["r", "w", "m", "rm", "wm"])
      assert.throws(() => checkAccess([device, { ...device, access }]), { code: "root-required" });
  });

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
