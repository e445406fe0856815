import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, it } from "node:test";
import { checkKernel } from "../../../runtime/container/request/prepare.ts";
import { languageOf } from "../../../runtime/explain/reason.ts";
import { Failure } from "../../../runtime/failure.ts";
import { identify, isAlive } from "../../../runtime/host/process.ts";
import { mountPointsOf } from "../../../runtime/host/root-entries.ts";
import { escapeOption, lowerDirectories } from "../../../runtime/plan/overlay.ts";
import { environmentInside, environmentOf } from "../../../runtime/spec/environment.ts";
import { mountArguments } from "../../../runtime/spec/mounts.ts";
import { normalizePath, resolvePath } from "../../../runtime/spec/path.ts";
import { capabilityMask, DEFAULT_CAPABILITIES } from "../../../runtime/spec/security/capability.ts";
import { specOf } from "../../../runtime/spec/spec.ts";
import { resolveUser } from "../../../runtime/spec/user.ts";
import fc from "../../rig/fast-check.ts";
import { LONE_ROOT, ROOT, USER } from "./identities.ts";
import { isRefusal, refused } from "./refused.ts";

const PASSWD =
  "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1001::/home/ann:/bin/sh\nbad:x:x:0::/:\n4000:x:7:8::relative:\n";
const GROUP = "root:x:0:\nwheel:x:10:ann,bob\nann:x:1001:ann\nvideo:x:44:ann\n";

describe("-u", () => {
  const cases: [string, { uid: number; gid: number; additionalGids: number[]; home: string }][] = [
    ["0", { uid: 0, gid: 0, additionalGids: [0], home: "/root" }],
    ["ann", { uid: 1000, gid: 1001, additionalGids: [1001, 10, 44], home: "/home/ann" }],
    ["1000", { uid: 1000, gid: 1001, additionalGids: [1001, 10, 44], home: "/home/ann" }],
    ["ann:wheel", { uid: 1000, gid: 10, additionalGids: [10], home: "/home/ann" }],
    ["ann:99", { uid: 1000, gid: 99, additionalGids: [99], home: "/home/ann" }],
    ["", { uid: 0, gid: 0, additionalGids: [0], home: "/root" }],
    [":", { uid: 0, gid: 0, additionalGids: [0], home: "/root" }],
    ["ann:", { uid: 1000, gid: 1001, additionalGids: [1001, 10, 44], home: "/home/ann" }],
    [":99", { uid: 0, gid: 99, additionalGids: [99], home: "/root" }],
    ["77", { uid: 77, gid: 0, additionalGids: [0], home: "/" }],
    ["7", { uid: 7, gid: 8, additionalGids: [8], home: "/" }],
    ["4294967294", { uid: 4294967294, gid: 0, additionalGids: [0], home: "/" }],
    ["4000", { uid: 4000, gid: 0, additionalGids: [0], home: "/" }],
  ];
  for (const [asked, user] of cases) {
    it(`${JSON.stringify(asked)} is ${user.uid}:${user.gid}`, () =>
      assert.deepEqual(resolveUser(asked, PASSWD, GROUP), user));
  }

  for (const asked of ["0:0:0", "nosuch", "bad", "0:nosuch", "4294967295", "-1", "1e3", "0x0", " 0", "0 ", "0\n"]) {
    it(`${JSON.stringify(asked)} is refused`, () => refused(() => resolveUser(asked, PASSWD, GROUP)));
  }

  it("returns a number or is refused, whatever the image's files contain", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (asked, passwd, group) => {
        try {
          const { uid, gid } = resolveUser(asked, passwd, group);
          assert.ok(Number.isInteger(uid) && Number.isInteger(gid) && uid >= 0 && gid >= 0);
        } catch (error) {
          assert.ok(isRefusal(error));
        }
      }),
    );
  });
});

describe("a request", () => {
  const image = { name: "host", layers: ["/"] };
  const user = { uid: 0, gid: 0, additionalGids: [], home: "/root" };
  const caller = { ...ROOT, env: {}, cwd: "/" };
  const bad = {
    "a name that is a path": { name: "../../etc" },
    "a name with a comma": { name: "a,b" },
    "an empty name": { name: "" },
    "a name of 65 letters": { name: "a".repeat(65) },
    "a name with a leading dot": { name: ".a" },
    "no command": { args: [] },
    "an argument with a NUL": { args: ["a\0b"] },
    "a relative working directory": { cwd: "a" },
    "a host name with a slash": { hostname: "a/b" },
    "a domain name with a space": { domainname: "a b" },
    "a domain name in the machine's UTS namespace": { domainname: "a", uts: "host" },
    "a host name of 65 letters": { hostname: "a".repeat(65) },
    "a variable without a name": { env: ["=x"] },
    "an argument with half a surrogate pair": { args: ["a", "b\ud800"] },
    "a variable with half a surrogate pair": { env: ["A=\udc00"] },
    "a working directory with half a surrogate pair": { cwd: "/\ud800x" },
    "a mount with half a surrogate pair": { volumes: ["/a:/\ud800"] },
  };
  for (const [what, part] of Object.entries(bad)) {
    it(`with ${what} is refused`, () => {
      assert.throws(() => specOf({ name: "a", args: ["b"], ...part }, image, user, caller), Failure);
    });
  }

  it("with a mount on a device or a masked path has neither that device nor that mask", () => {
    const volumes = ["/dev/urandom:/dev/random", "/x:/sys/firmware"];
    const { linux } = specOf({ name: "a", args: ["b"], volumes }, image, user, caller);
    assert.ok(!linux.devices.some(({ path }) => path === "/dev/random"));
    assert.ok(!linux.maskedPaths.includes("/sys/firmware"));
  });

  it("becomes a spec that does not depend on the machine", () => {
    const spec = specOf({ name: "a", args: ["b"], volumes: ["/nosuch:/b"] }, image, user, caller);
    assert.deepEqual(
      spec.mounts.find(({ destination }) => destination === "/b"),
      {
        destination: "/b",
        type: "bind",
        source: "/nosuch",
        options: ["rbind", "rnodev"],
      },
    );
    assert.deepEqual(spec.process.user, { uid: 0, gid: 0, additionalGids: [] });
    assert.equal(spec.annotations["org.opencontainers.image.ref.name"], "host");
  });

  it("of a caller who is not root has a user namespace with one user, no group for terminals, and no supplementary groups", () => {
    const spec = specOf({ name: "a", args: ["b"] }, image, { ...user, additionalGids: [10] }, { ...caller, ...USER });
    assert.ok(spec.linux.namespaces.some(({ type }) => type === "user"));
    assert.deepEqual(spec.linux.uidMappings, [{ containerID: 0, hostID: 1000, size: 1 }]);
    assert.deepEqual(spec.linux.gidMappings, [{ containerID: 0, hostID: 100, size: 1 }]);
    assert.ok(!spec.mounts.some(({ options }) => options.includes("gid=5")));
    assert.deepEqual(spec.process.user.additionalGids, []);
  });

  it("of a caller who has subordinate ids has them as its other users and groups, from 1 on", () => {
    const subordinate = {
      uids: [
        { start: 100_000, size: 1000 },
        { start: 300_000, size: 5 },
      ],
      gids: [{ start: 200_000, size: 50 }],
    };
    const ann = { ...caller, ...USER, subordinate };
    const spec = specOf(
      { name: "a", args: ["b"] },
      image,
      { ...user, uid: 1004, gid: 50, additionalGids: [10, 51] },
      ann,
    );
    assert.deepEqual(spec.linux.uidMappings, [
      { containerID: 0, hostID: 1000, size: 1 },
      { containerID: 1, hostID: 100_000, size: 1000 },
      { containerID: 1001, hostID: 300_000, size: 5 },
    ]);
    assert.deepEqual(spec.process.user, { uid: 1004, gid: 50, additionalGids: [10] });
    assert.ok(spec.mounts.some(({ options }) => options.includes("gid=5")));
    assert.throws(
      () => specOf({ name: "a", args: ["b"] }, image, { ...user, uid: 1006 }, ann),
      /there is no user 1006/,
    );
  });

  it("of a caller who is root in a user namespace of few users has no other one, no group for terminals, and no bridge", () => {
    const lone = { ...caller, ...LONE_ROOT };
    const spec = specOf({ name: "a", args: ["b"] }, image, { ...user, additionalGids: [10] }, lone);
    assert.ok(!spec.linux.namespaces.some(({ type }) => type === "user"));
    assert.ok(!spec.mounts.some(({ options }) => options.includes("gid=5")));
    assert.deepEqual(spec.process.user.additionalGids, []);
    assert.equal(spec.network.mode, "none");
    assert.throws(() => specOf({ name: "a", args: ["b"], network: { names: ["x"] } }, image, user, lone), /needs root/);
  });

  it("can't have a user or a group that does not exist in the container's user namespace", () => {
    for (const identity of [USER, LONE_ROOT]) {
      const spec = (part: object) =>
        specOf({ name: "a", args: ["b"] }, image, { ...user, ...part }, { ...caller, ...identity });
      assert.throws(() => spec({ uid: 1 }), /there is no user 1 in the container/);
      assert.throws(() => spec({ gid: 1 }), /there is no group 1 in the container/);
    }
  });

  it("has a working directory without a trailing slash, which mkdir would refuse", () => {
    assert.equal(
      specOf({ name: "a", args: ["b"], cwd: "/srv//new/./x/../" }, image, user, caller).process.cwd,
      "/srv/new",
    );
  });

  it("may have the longest name there is", () => {
    assert.equal(specOf({ name: "a".repeat(64), args: ["b"] }, image, user, caller).hostname.length, 64);
  });
});

describe("small parts", () => {
  it("return docker's default capabilities as the kernel shows them", () => {
    assert.equal(capabilityMask(DEFAULT_CAPABILITIES).toString(16), "a80425fb");
  });

  it("keep the last value of a variable, and TERM for a terminal only", () => {
    const container = { hostname: "h", home: "/", terminal: false };
    assert.deepEqual(environmentOf(container, ["A=1", "A=2", "HOME=/x"], {}).slice(1), [
      "HOSTNAME=h",
      "HOME=/x",
      "A=2",
    ]);
    const terminal = environmentOf({ ...container, terminal: true }, [], { TERM: "vt100" });
    assert.ok(terminal.includes("TERM=vt100"));
  });

  it("take a variable of the image away that -e names and the caller does not have, but not HOME", () => {
    const container = { hostname: "h", home: "/", terminal: false };
    const asked = ["DEBUG=1", "LANG=C", "DEBUG", "LANG", "HOME"];
    assert.deepEqual(environmentOf(container, asked, { LANG: "de" }).slice(1), ["HOSTNAME=h", "HOME=/", "LANG=de"]);
    const own = { TERM: undefined };
    assert.deepEqual(environmentInside(["DEBUG=1", "HOME=/", "TERM=xterm"], own, ["DEBUG", "HOME"], {}), ["HOME=/"]);
  });

  it("split mount options into flags and data", () => {
    assert.deepEqual(mountArguments(["nosuid", "ro", "mode=755", "size=1k"]), { flags: 3, data: "mode=755,size=1k" });
  });

  it("resolve paths as Node does", () => {
    const path = fc.array(fc.constantFrom("a", "b.", "..", ".", "...", "", "ä"), { maxLength: 8 });
    fc.assert(
      fc.property(path, path, (from, to) => {
        const cwd = `/${from.join("/")}`;
        assert.equal(normalizePath(cwd), posix.resolve(cwd));
        assert.equal(resolvePath(cwd, to.join("/")), posix.resolve(cwd, to.join("/")));
      }),
    );
  });

  it("escape the characters that overlayfs interprets", () => {
    assert.equal(lowerDirectories(["/a:b", "/c,d", "/e\\f"]), "/a\\:b:/c\\,d:/e\\\\f");
    assert.equal(escapeOption("/a:b,c\\d"), "/a:b\\,c\\\\d");
  });

  it("read mount points with the characters that mountinfo escapes", () => {
    assert.deepEqual(mountPointsOf("1 2 0:3 / /a\\040b\\134c rw - ext4 x rw\n"), ["/a b\\c"]);
  });

  it("choose the language by the first variable that is set", () => {
    assert.equal(languageOf({ LANG: "zh_CN.UTF-8" }), "zh");
    assert.equal(languageOf({ LC_ALL: "C", LANG: "zh_CN.UTF-8" }), "en");
    assert.equal(languageOf({ LC_ALL: "", LC_MESSAGES: "zh_TW", LANG: "de" }), "zh");
    assert.equal(languageOf({}), "en");
  });

  it("refuse a kernel that is too old", () => {
    for (const kernel of ["5.13.0", "5.15.0-91-generic", "6.1.0-28-amd64", "10.0"]) checkKernel(kernel);
    for (const kernel of ["5.12.19", "4.18.0-553.el8", "3.10"]) refused(() => checkKernel(kernel));
  });

  it("distinguish a process from a later one with the same pid", () => {
    const self = identify(process.pid);
    assert.ok(self && isAlive(self));
    assert.ok(!isAlive({ ...self, startTime: "1" }));
    assert.ok(!isAlive({ ...self, boot: "another" }));
    assert.equal(identify(2 ** 22 + 1), undefined);
  });
});
