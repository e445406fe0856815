import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type MountRequests, mountsOf } from "../../../../runtime/spec/mount-requests/arrange.ts";
import { isBelow } from "../../../../runtime/spec/path.ts";
import fc from "../../../rig/fast-check.ts";
import { ALL_IDS } from "../identities.ts";
import { refused } from "../refused.ts";

const mounts = (requests: MountRequests) => mountsOf(requests, ALL_IDS, "/src");
const destinations = (requests: MountRequests) => mounts(requests).map(({ destination }) => destination);
const OWN = ["/proc", "/dev", "/sys", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys/fs/cgroup"];

describe("the mounts of a container", () => {
  it("are its own, with nothing requested", () => assert.deepEqual(destinations({}), OWN));

  it("are in an order in which none hides another, however they were requested", () => {
    assert.deepEqual(
      destinations({ volumes: ["/sub:/d/sub", "/base:/d"] }).filter((path) => path.startsWith("/d/") || path === "/d"),
      ["/d", "/d/sub"],
    );
    const path = fc.array(fc.constantFrom("a", "b", "sys", "shm"), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.uniqueArray(path, { selector: (parts) => parts.join("/") }), (paths) => {
        const ordered = destinations({ volumes: paths.map((parts) => `/x:/${parts.join("/")}`) });
        ordered.forEach((at, i) => {
          assert.ok(!ordered.slice(i + 1).some((later) => later === at || isBelow(at, later)), `${ordered}`);
        });
      }),
    );
  });

  it("can't have the same destination twice", () => {
    refused(() => mounts({ volumes: ["/a:/d", "/b:/d/"] }));
    refused(() => mounts({ volumes: ["/a:/d"], tmpfs: ["/x/../d"] }));
    refused(() => mounts({ mounts: ["type=bind,src=/a,dst=/d"], tmpfs: ["/d"] }));
    refused(() => mounts({ volumes: ["/a:/d", "/a:/d"] }));
  });

  it("are put in order, and are the same, by where the image's links lead", () => {
    const leadsTo = (path: string) => path.replace(/^\/var\/run(?=\/|$)/, "/run").replace(/^\/p(?=\/|$)/, "/proc");
    const linked = (...volumes: string[]) => mountsOf({ volumes }, ALL_IDS, "/src", leadsTo);
    assert.deepEqual(
      linked("/a:/run/x/sub", "/b:/var/run/x").flatMap(({ type, source }) => (type === "bind" ? [source] : [])),
      ["/b", "/a"],
    );
    assert.throws(() => linked("/a:/var/run/x", "/b:/run/x"), {
      message: "two mounts have one destination, as /var/run/x and /run/x lead to it, and only one could be seen",
    });
    refused(() => linked("/a:/p/1"));
  });

  it("are at most 128", () => {
    const volumes = Array.from({ length: 129 }, (_, i) => `/:/b${i}`);
    assert.equal(mounts({ volumes: volumes.slice(1) }).length, 128 + OWN.length);
    assert.throws(() => mounts({ volumes }), /at most 128/);
  });

  it("have a requested one in place of the container's own", () => {
    assert.deepEqual(
      mounts({ volumes: ["/dev/shm:/dev/shm"] }).filter(({ destination }) => destination === "/dev/shm").length,
      1,
    );
    assert.deepEqual(destinations({ volumes: ["/sys:/sys:ro"] }), [
      "/proc",
      "/dev",
      "/sys",
      "/dev/pts",
      "/dev/shm",
      "/dev/mqueue",
    ]);
    assert.deepEqual(destinations({ volumes: ["/dev:/dev"] }), ["/proc", "/sys", "/dev", "/dev/pts", "/sys/fs/cgroup"]);
  });

  it("have the size of /dev/shm that was requested, as docker reads it", () => {
    const size = (shmSize?: string) =>
      mounts(shmSize === undefined ? {} : { shmSize })
        .find(({ destination }) => destination === "/dev/shm")
        ?.options.at(-1);
    for (const unset of [undefined, "0", "0m"]) assert.equal(size(unset), "size=67108864");
    assert.equal(size("1g"), "size=1073741824");
    assert.equal(size("1.5K"), "size=1536");
    assert.equal(size("100"), "size=100");
    assert.equal(size("2MiB"), "size=2097152");
    for (const bad of ["", "-1", "x", "1x", "1 000", "1e3", "9999999p"]) refused(() => mounts({ shmSize: bad }));
  });

  for (const volume of [
    "/x:/proc",
    "/x:/proc/sys",
    "/x:/proc/1/status",
    "/x:/dev",
    "/dev/pts:/dev/pts",
    "/x:/dev/pts/0",
    "/x:/dev/null",
    "/dev/zero:/dev/null",
    "/x:/dev/ptmx",
    "/x:/dev/fd",
    "/x:/dev/fd/1",
    "/x:/dev/stdout",
  ]) {
    it(`can't be ${volume}, which would take from it what each container must have`, () =>
      refused(() => mounts({ volumes: [volume] })));
  }
  it("can't be a tmpfs there either", () => {
    refused(() => mounts({ tmpfs: ["/proc"] }));
    refused(() => mounts({ tmpfs: ["/dev/pts"] }));
  });

  it("can be those that docker takes there", () => {
    for (const volume of [
      "/x:/proc/cpuinfo",
      "/x:/proc/meminfo",
      "/x:/sys",
      "/x:/dev/mqueue",
      "/x:/dev/x",
      "/x:/etc/hosts",
    ])
      mounts({ volumes: [volume] });
    mounts({ volumes: ["/dev/null:/dev/null", "/dev/null:/dev/full"] });
    mounts({ tmpfs: ["/dev", "/dev/shm:size=1g", "/run", "/tmp"] });
  });

  it("include a volume without a name where the image wants one, unless something is mounted there", () => {
    const place = { directory: "/state/volumes", newName: () => "0".repeat(64) };
    const there = (volumes: string[]) =>
      mountsOf({ volumes, imageVolumes: ["/var/lib/data"] }, ALL_IDS, "/src", undefined, place)
        .filter(({ destination }) => destination === "/var/lib/data")
        .map(({ source }) => source);
    assert.deepEqual(there([]), [`/state/volumes/${"0".repeat(64)}/_data`]);
    assert.deepEqual(there(["/a:/var/lib/data"]), ["/a"]);
  });
});
