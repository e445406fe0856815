import assert from "node:assert/strict";
import { test } from "node:test";
import { imagesIn, importInto, place, refusal, snapshot } from "../rig.ts";
import { archive, pax, type RawEntry } from "./archive.ts";

/** `{outside}` stands for the absolute path of a directory beside the images. */
const ARCHIVES: Readonly<Record<string, { entries: RawEntry[]; says: RegExp }>> = {
  "a name that climbs out": { entries: [{ name: "../outside/victim" }], says: /"\.\.\/outside\/victim" leads out/ },
  "a name that climbs out further in": { entries: [{ name: "a/../../outside/victim" }], says: /leads out/ },
  "a name that climbs and comes back": { entries: [{ name: "a/../b" }], says: /leads out/ },
  "a name of dots alone": { entries: [{ name: "..", type: "5" }], says: /leads out/ },
  "an absolute name": { entries: [{ name: "{outside}/victim" }], says: /absolute name/ },
  "an absolute name in a pax record": {
    entries: [pax({ path: "/etc/passwd" }), { name: "harmless" }],
    says: /"\/etc\/passwd" is an absolute name/,
  },
  "a climbing name in a GNU long name": {
    entries: [{ name: "././@LongLink", type: "L", content: "../outside/victim\0" }, { name: "harmless" }],
    says: /leads out/,
  },
  "an entry without a name": { entries: [{ name: "" }], says: /no name/ },
  "a NUL in a pax name": { entries: [pax({ path: "a\0b" }), { name: "x" }], says: /NUL/ },
  "a pax name that is not UTF-8": { entries: [pax({ path: "a\ufffd" }), { name: "x" }], says: /not UTF-8/ },
  "a name longer than a file name can be": {
    entries: [pax({ path: "n".repeat(256) }), { name: "x" }],
    says: /over 255 bytes/,
  },
  "a path longer than a path can be": {
    entries: [pax({ path: "deep/".repeat(800) }), { name: "x", type: "5" }],
    says: /over 3,584 bytes/,
  },
  "a file through an absolute symlink": {
    entries: [
      { name: "way", type: "2", target: "{outside}" },
      { name: "way/victim", content: "changed" },
    ],
    says: /"way" is used as a directory, but an earlier entry makes it something else/,
  },
  "a file through a symlink within the image": {
    entries: [
      { name: "real", type: "5" },
      { name: "way", type: "2", target: "real" },
      { name: "way/file", content: "x" },
    ],
    says: /"way" is used as a directory, but an earlier entry makes it something else/,
  },
  "a directory over a symlink": {
    entries: [
      { name: "way", type: "2", target: "{outside}" },
      { name: "way", type: "5", mode: 0o777 },
    ],
    says: /"way" is used as a directory, but an earlier entry makes it something else/,
  },
  "a file below a file": {
    entries: [{ name: "a" }, { name: "a/b" }],
    says: /"a" is used as a directory, but an earlier entry makes it something else/,
  },
  "a file over a directory": {
    entries: [{ name: "a", type: "5" }, { name: "a" }],
    says: /"a" is a directory, and a later entry makes it something else/,
  },
  "a symlink that climbs out": {
    entries: [{ name: "a/way", type: "2", target: "../../outside" }],
    says: /symlink "a\/way" leads out/,
  },
  "a symlink that climbs out on its way": {
    entries: [{ name: "way", type: "2", target: "a/../../a" }],
    says: /leads out/,
  },
  "a symlink to nothing": { entries: [{ name: "way", type: "2" }], says: /no valid target/ },
  "a symlink as the root": { entries: [{ name: "./", type: "2", target: "{outside}" }], says: /root is a symlink/ },
  "a file as the root": { entries: [{ name: ".", content: "x" }], says: /root is a file/ },
  "a hard link to an absolute path": {
    entries: [{ name: "shadow", type: "1", target: "/etc/passwd" }],
    says: /absolute name/,
  },
  "a hard link that climbs out": {
    entries: [{ name: "v", type: "1", target: "../outside/victim" }],
    says: /leads out/,
  },
  "a hard link to nothing": { entries: [{ name: "v", type: "1", target: "absent" }], says: /not a file of the image/ },
  "a hard link to itself": {
    entries: [{ name: "v" }, { name: "v", type: "1", target: "v" }],
    says: /not a file of the image/,
  },
  "a hard link to a directory": {
    entries: [
      { name: "d", type: "5" },
      { name: "v", type: "1", target: "d" },
    ],
    says: /not a file of the image/,
  },
  "a hard link through a symlink": {
    entries: [
      { name: "way", type: "2", target: "{outside}" },
      { name: "v", type: "1", target: "way/victim" },
    ],
    says: /not a file of the image/,
  },
  "a character device outside of dev": { entries: [{ name: "etc/null", type: "3" }], says: /"etc\/null" is a device/ },
  "a block device outside of dev": { entries: [{ name: "sda", type: "4" }], says: /"sda" is a device/ },
  "a device deeper than dev": { entries: [{ name: "dev/pts/0", type: "3" }], says: /is a device/ },
  "a GNU sparse file": { entries: [{ name: "sparse", type: "S" }], says: /"sparse" is a sparse file/ },
  "a pax sparse file": { entries: [pax({ "GNU.sparse.major": "1" }), { name: "sparse" }], says: /sparse/ },
  "a volume label": { entries: [{ name: "label", type: "V" }], says: /only GNU tar knows/ },
  "an owner that is not a number": { entries: [pax({ uid: "root" }), { name: "x" }], says: /invalid number/ },
  "an owner that means none": { entries: [pax({ uid: "4294967295" }), { name: "x" }], says: /invalid number/ },
  "a time that is not a number": { entries: [pax({ mtime: "never" }), { name: "x" }], says: /invalid number/ },
  "a size that is not a number": { entries: [pax({ size: "big" }), { name: "x" }], says: /broken|not a tar/ },
  "a size in a form that tar does not have": {
    entries: [{ name: "x", size: Buffer.from([0x92, 0, 0, 1]), content: "content" }],
    says: /the header of "x" contains an invalid number/,
  },
};

for (const [what, { entries, says }] of Object.entries(ARCHIVES)) {
  test(`an archive with ${what} is refused, and nothing changes`, async (context) => {
    const here = await place(context);
    const before = snapshot(here.outside);
    const named = entries.map((entry) => ({
      ...entry,
      name: String(entry.name).replace("{outside}", here.outside),
      target: String(entry.target ?? "").replace("{outside}", here.outside),
    }));
    // A good entry first: what was written before the bad one must go too.
    const failure = await refusal(importInto(here.root, "bad", archive({ name: "good", content: "x" }, ...named)));
    assert.match(failure.message, /^can't import standard input as image bad: /);
    assert.match(failure.message, says);
    assert.equal(failure.exitCode, 125);
    assert.deepEqual(imagesIn(here), []);
    assert.deepEqual(snapshot(here.outside), before);
  });
}

test("a repeated name replaces the file, but not the content of a hard link to it", async (context) => {
  const here = await place(context);
  const image = archive(
    { name: "file", content: "old" },
    { name: "link", type: "1", target: "file" },
    { name: "file", content: "new" },
    { name: "way", type: "2", target: here.outside },
    { name: "way", content: "a file now" },
  );
  const { rootfs } = await importInto(here.root, "again", image);
  const nodes = snapshot(rootfs);
  assert.notEqual(nodes["file"]?.content, nodes["link"]?.content);
  assert.equal(nodes["way"]?.kind, "file");
  assert.deepEqual(Object.keys(snapshot(here.outside)), ["", "victim"]);
});
