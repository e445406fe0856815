import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fieldsOf } from "../../../../runtime/spec/mount-requests/csv.ts";
import { mountOfFields } from "../../../../runtime/spec/mount-requests/mount.ts";
import { tmpfsOfText } from "../../../../runtime/spec/mount-requests/tmpfs.ts";
import { volumeMount } from "../../../../runtime/spec/mount-requests/volume.ts";
import fc from "../../../rig/fast-check.ts";
import { refused } from "../refused.ts";

describe("--mount", () => {
  it("of type bind is what -v is", () => {
    for (const fields of [
      "type=bind,source=/a,target=/b",
      "type=bind,src=/a,dst=/b",
      "destination=/b,type=bind,src=/a",
      "type=BIND,src=/a,dst=/b",
      "TYPE=bind,Source=/a,Target=/b,readonly=false",
      "type=bind,src=/a,dst=/b,bind-propagation=rprivate,consistency=cached",
      '"type=bind","src=/a",dst=/b',
    ]) {
      assert.deepEqual(mountOfFields(fields, "/src"), volumeMount("/a:/b", "/src"), fields);
    }
    for (const word of ["ro", "readonly", "ro=true", "readonly=1"])
      assert.deepEqual(mountOfFields(`type=bind,src=/a,dst=/b,${word}`, "/"), volumeMount("/a:/b:ro", "/"));
    assert.equal(mountOfFields("type=bind,src=a,dst=/b", "/src").source, "/src/a");
  });

  it("can have a source with a comma or a colon", () => {
    assert.equal(mountOfFields('type=bind,"src=/a,b:""c""",dst=/b', "/").source, '/a,b:"c"');
  });

  const recursion: [string, string[]][] = [
    ["bind-recursive=enabled,ro", ["rbind", "rnodev", "rro"]],
    ["bind-recursive=readonly,ro", ["rbind", "rnodev", "rro"]],
    ["bind-recursive=writable,ro", ["rbind", "rnodev", "ro"]],
    ["bind-recursive=disabled,ro", ["bind", "nodev", "ro"]],
    ["bind-nonrecursive", ["bind", "nodev"]],
  ];
  for (const [fields, options] of recursion) {
    it(`with ${fields} has the options ${options}`, () =>
      assert.deepEqual(mountOfFields(`type=bind,src=/a,dst=/b,${fields}`, "/").options, options));
  }

  it("of type tmpfs is what --tmpfs is", () => {
    assert.deepEqual(mountOfFields("type=tmpfs,dst=/t", "/"), tmpfsOfText("/t"));
    assert.deepEqual(
      mountOfFields("type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1770,ro", "/"),
      tmpfsOfText("/t:ro,size=64m,mode=1770"),
    );
  });

  for (const fields of [
    "",
    "type=bind",
    "type=bind,src=/a",
    "type=bind,dst=/b",
    "type=bind,src=/a,dst=b",
    "type=bind,src=/a,dst=/",
    "type=bind,src=,dst=/b",
    "type=bind,src= /a,dst=/b",
    "type=bind,src,dst=/b",
    "type=bind,src=/a,dst=/b,ro=maybe",
    "type=bind,src=/a,dst=/b,nosuch=1",
    "type=bind,src=/a,dst=/b,tmpfs-size=1m",
    "type=bind,src=/a,dst=/b,bind-propagation=both",
    "type=bind,src=/a,dst=/b,bind-recursive=readonly",
    "type=bind,src=/a,dst=/b,bind-recursive=x",
    "type=tmpfs,src=/a,dst=/b",
    "type=tmpfs,dst=/b,tmpfs-size=-1",
    "type=tmpfs,dst=/b,tmpfs-mode=9",
    "src=/a,dst=/b",
    "type=volume,src=a,dst=/b",
    "type=npipe,src=a,dst=/b",
    'type=bind,"src=/a,dst=/b',
    'type=bind,src="/a",dst=/b',
    "type=bind,src=/a\0,dst=/b",
  ]) {
    it(`${JSON.stringify(fields)} is refused`, () => refused(() => mountOfFields(fields, "/src")));
  }

  it("of the type volume, which is docker's default, names one, and a path below it", () => {
    const volumes = { directory: "/state/volumes", newName: () => "0".repeat(64) };
    const mount = (fields: string) => mountOfFields(fields, "/src", volumes);
    assert.deepEqual(mount("src=data,dst=/b,ro,volume-subpath=a//b/,volume-nocopy"), {
      destination: "/b",
      type: "bind",
      source: "/state/volumes/data/_data",
      options: ["rbind", "rnodev", "rro"],
      subpath: "a/b",
      nocopy: true,
    });
    const made = mount("src=data,dst=/b,volume-label=a=b,volume-label=c,volume-opt=o=bind,volume-opt=device=/srv");
    assert.deepEqual(
      [made.labels, made.volumeOptions],
      [
        { a: "b", c: "" },
        { o: "bind", device: "/srv" },
      ],
    );
    for (const more of [
      "volume-subpath=/a",
      "volume-opt=type=nfs",
      "volume-label=",
      "volume-subpath=../a",
      "volume-driver=nfs",
      "bind-propagation=slave",
    ])
      refused(() => mount(`type=volume,src=data,dst=/b,${more}`));
    assert.throws(
      () => mount("src=./data,dst=/b"),
      /is not the name of a volume; add type=bind for a path of the host/,
    );
    assert.deepEqual(mountOfFields("type=bind,src=/a,dst=/b,bind-propagation=rshared", "/").options.at(-1), "rshared");
  });

  it("reads the fields that were written with quotes, whatever is in them", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (fields) => {
        const line = fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(",");
        assert.deepEqual(fieldsOf(line), fields);
      }),
    );
  });
});

describe("--tmpfs", () => {
  const cases: [string, string[]][] = [
    ["/t", ["nosuid", "nodev", "noexec"]],
    ["/t:", ["nosuid", "nodev", "noexec"]],
    ["/t:rw,size=64m,mode=1777", ["nosuid", "nodev", "noexec", "size=67108864", "mode=1777"]],
    ["/t:exec", ["nosuid", "nodev"]],
    ["/t:exec,noexec,suid", ["nodev", "noexec"]],
    ["/t:ro", ["nosuid", "nodev", "noexec", "ro"]],
    ["/t:size=50%,uid=5,gid=6", ["nosuid", "nodev", "noexec", "size=50%", "uid=5", "gid=6"]],
    ["/t:size=1k,size=2k", ["nosuid", "nodev", "noexec", "size=2048"]],
  ];
  for (const [asked, options] of cases) {
    it(`${asked} has the options ${options}`, () =>
      assert.deepEqual(tmpfsOfText(asked), { destination: "/t", type: "tmpfs", source: "tmpfs", options }));
  }

  for (const asked of [
    "",
    ":",
    "t",
    "/",
    "/t:nosuch",
    "/t:dev",
    "/t:size",
    "/t:size=x",
    "/t:mode=8",
    "/t:mpol=no",
    "/t:uid=-1",
    "/t\0",
  ]) {
    it(`${JSON.stringify(asked)} is refused`, () => refused(() => tmpfsOfText(asked)));
  }
});
