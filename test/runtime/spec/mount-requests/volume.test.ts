import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { volumeMount } from "../../../../runtime/spec/mount-requests/volume.ts";
import { refused } from "../refused.ts";

describe("-v", () => {
  it("takes SRC:DST[:ro|rw]", () => {
    assert.deepEqual(volumeMount("/a:/b:ro", "/src"), {
      type: "bind",
      source: "/a",
      destination: "/b",
      options: ["rbind", "rnodev", "rro"],
    });
    assert.deepEqual(volumeMount("/a:/b:rw", "/src").options, ["rbind", "rnodev"]);
    assert.equal(volumeMount("./x:/b//c/../d/", "/src").source, "/src/x");
    assert.equal(volumeMount("./x:/b//c/../d/", "/src").destination, "/b/d");
    assert.equal(volumeMount("..:/b", "/src/a").source, "/src");
  });

  it("takes docker's words that change nothing here", () => {
    for (const options of ["z", "Z", "rw,z", "cached", "delegated", "consistent", "private,rw", "rprivate"])
      assert.deepEqual(volumeMount(`/a:/b:${options}`, "/src"), volumeMount("/a:/b", "/src"));
    assert.deepEqual(volumeMount("/a:/b:ro,z", "/src"), volumeMount("/a:/b:ro", "/src"));
    assert.deepEqual(volumeMount("/a:/b:Z,ro", "/src"), volumeMount("/a:/b:ro", "/src"));
  });

  it("lets devices work below /dev, where a cgroup's rules are to limit them", () => {
    assert.deepEqual(volumeMount("/dev/urandom:/dev/random", "/").options, ["rbind"]);
    assert.deepEqual(volumeMount("/dev/sda:/dev/sda:ro", "/").options, ["rbind", "rro"]);
    assert.deepEqual(volumeMount("/dev:/dev", "/").options, ["rbind"]);
    assert.deepEqual(volumeMount("/device:/dev/x", "/").options, ["rbind", "rnodev"]);
  });

  for (const volume of [
    "",
    ":",
    "/a",
    "/a:",
    ":/b",
    "/a:b",
    "/a:/",
    "/a:/b:",
    "/a:/b:rx",
    "/a:/b:ro:x",
    "/a:/b:ro,rw",
    "/a:/b:z,Z",
    "/a:/b:shared,slave",
    "data:/b:rslave",
    "/a:/b:nocopy",
    "name:/b",
    "/a:/b/../..",
    "/a\0:/b",
    "/a:/\ud800",
  ]) {
    it(`${JSON.stringify(volume)} is refused`, () => refused(() => volumeMount(volume, "/src")));
  }

  it("of a name is that of a volume, and without a source one without a name", () => {
    const volumes = { directory: "/state/volumes", newName: () => "0".repeat(64) };
    const mount = (asked: string) => volumeMount(asked, "/src", volumes);
    assert.deepEqual(mount("data:/b:ro"), {
      destination: "/b",
      type: "bind",
      source: "/state/volumes/data/_data",
      options: ["rbind", "rnodev", "rro"],
    });
    assert.equal(mount("/b").source, `/state/volumes/${"0".repeat(64)}/_data`);
    assert.equal(mount("data:/b:nocopy").nocopy, true);
    for (const asked of ["da ta:/b", ".data:/b", `${"a".repeat(65)}:/b`, "data:b", "data:/b:rshared"])
      refused(() => mount(asked));
  });

  it("takes docker's words for how mounts made later propagate", () => {
    assert.deepEqual(volumeMount("/a:/b:rslave", "/").options, ["rbind", "rnodev", "rslave"]);
    assert.deepEqual(volumeMount("/a:/b:rprivate", "/"), volumeMount("/a:/b", "/"));
  });

  it("with a relative source needs the current directory to exist", () => {
    assert.throws(() => volumeMount("./a:/b", undefined), /the current directory does not exist any more/);
    assert.equal(volumeMount("/a:/b", undefined).source, "/a");
  });
});
