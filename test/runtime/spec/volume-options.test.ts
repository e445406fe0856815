import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { volumeOptionsOf } from "../../../runtime/spec/volume-options.ts";

describe("the options of a volume", () => {
  it("name a directory of this machine, as docker's driver local takes them", () => {
    const asked = ["type=none", "o=rw,bind", "device=/srv/a=b"];
    assert.deepEqual(volumeOptionsOf(asked), { type: "none", o: "rw,bind", device: "/srv/a=b" });
    assert.deepEqual(volumeOptionsOf(["o=rbind", "device=/srv"]), { o: "rbind", device: "/srv" });
    assert.deepEqual(volumeOptionsOf([]), {});
  });

  for (const [written, message, remedy] of [
    [["type=tmpfs", "device=tmpfs"], /^a volume with type=tmpfs can't be made$/, /^--tmpfs DST .*\/dev\/shm/],
    [["type=nfs", "o=addr=192.0.2.1,rw", "device=:/x"], /type=nfs and o=addr=192\.0\.2\.1,rw/, /^mount it on this/],
    [["type=none", "device=/srv"], /^a volume with type=none can't/, /-o o=bind -o device=DIR$/],
    [["o=bind,ro", "device=/srv"], /"ro" is not supported/, /^give it to a container read-only/],
    [["o=bind", "device=srv"], /^"srv" is not the absolute path/, /^use -o type=none/],
    [["o=bind"], /^"" is not the absolute path/, /^use -o type=none/],
    [["size=1g"], /^a volume has no option "size"/, /^use -o type=none/],
    [["o"], /^"o" is not KEY=VALUE/, /^use -o type=none/],
  ] as const)
    it(`are refused by name otherwise: ${written.join(" ")}`, () => {
      assert.throws(() => volumeOptionsOf(written), { message, remedy, code: "usage" });
    });
});
