import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { imagesIn, importInto, place, refusal, snapshot } from "../rig.ts";
import { archive, pax, type RawEntry } from "./archive.ts";

/** `{outside}` stands for the absolute path of a directory beside the images. */
const ARCHIVES: Readonly<Record<string, { entries: RawEntry[]; says: RegExp }>> = {
  "a file without a name": { entries: [{ name: "", content: "x" }], says: /an entry has no name/ },
  "a NUL in a pax name": { entries: [pax({ path: "a\0b" }), { name: "x" }], says: /NUL/ },
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
  "a file through a symlink to itself": {
    entries: [
      { name: "way", type: "2", target: "way/way" },
      { name: "way/file", content: "x" },
    ],
    says: /"way" is used as a directory/,
  },
  "a file through a symlink to the host's root": {
    entries: [
      { name: "way", type: "2", target: "/" },
      { name: "way{outside}/victim", content: "changed" },
      { name: "x/y" },
      { name: "x/y/z" },
    ],
    says: /"x\/y" is used as a directory/,
  },
  "a file below a file": {
    entries: [{ name: "a" }, { name: "a/b" }],
    says: /"a" is used as a directory, but an earlier entry makes it something else/,
  },
  "a file over a directory that isn't empty": {
    entries: [
      { name: "a/b", content: "x" },
      { name: "a", content: "x" },
    ],
    says: /"a" is a directory, and a later entry makes it something else/,
  },
  "a symlink to nothing": { entries: [{ name: "way", type: "2" }], says: /the symlink "way" has no valid target/ },
  "a symlink as the root": { entries: [{ name: "./", type: "2", target: "{outside}" }], says: /root is a symlink/ },
  "a file as the root": { entries: [{ name: ".", content: "x" }], says: /root is a file/ },
  "a hard link to nothing": { entries: [{ name: "v", type: "1", target: "absent" }], says: /not a file of the image/ },
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
  "a sparse file whose map is not one": {
    entries: [pax({ "GNU.sparse.size": "10", "GNU.sparse.map": "5,1,2,1" }), { name: "sparse", content: "12" }],
    says: /the map of a sparse file is malformed/,
  },
  "a sparse file that is smaller than its map": {
    entries: [pax({ "GNU.sparse.size": "10", "GNU.sparse.map": "8,4" }), { name: "sparse", content: "1234" }],
    says: /the map of a sparse file is malformed/,
  },
  "a sparse file whose map has more than its content": {
    entries: [pax({ "GNU.sparse.size": "10", "GNU.sparse.map": "0,6" }), { name: "sparse", content: "12345" }],
    says: /the map of a sparse file is malformed/,
  },
  "a sparse file whose map tells a length below its content": {
    entries: [
      pax({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9" }),
      { name: "sparse", content: "2\n0\n" },
    ],
    says: /is cut short/,
  },
  "a sparse file larger than any disk": {
    entries: [pax({ "GNU.sparse.size": "99999999999999", "GNU.sparse.map": "0,1" }), { name: "sparse", content: "1" }],
    says: /a sparse file of over 16 TiB/,
  },
  "a pax record without its length": {
    entries: [{ name: "pax", type: "x", content: "path=x\n" }, { name: "x" }],
    says: /a pax header has a record that is malformed/,
  },
  "a pax record longer than its header": {
    entries: [{ name: "pax", type: "x", content: "99 path=x\n" }, { name: "x" }],
    says: /a pax header has a record that is malformed/,
  },
  "a pax record of length 0": {
    entries: [{ name: "pax", type: "x", content: "0 path=x\n" }, { name: "x" }],
    says: /a pax header has a record that is malformed/,
  },
  "a pax header of more than a name needs": {
    entries: [{ name: "pax", type: "x", content: Buffer.alloc(1_100_000) }, { name: "x" }],
    says: /a pax header or a long name of over 1 MiB/,
  },
  "many pax headers for one file": {
    entries: [...Array.from({ length: 9 }, () => pax({ comment: "c".repeat(120_000) })), { name: "x" }],
    says: /a pax header or a long name of over 1 MiB/,
  },
  "a long name that is longer than memory": {
    entries: [{ name: "././@LongLink", type: "L", size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0]) }],
    says: /a pax header or a long name of over 1 MiB/,
  },
  "a size below zero": {
    entries: [{ name: "x", size: Buffer.alloc(12, 0xff) }],
    says: /the header of "x" contains an invalid number/,
  },
  "an owner that is not a number": { entries: [pax({ uid: "root" }), { name: "x" }], says: /invalid number/ },
  "an owner that means none": { entries: [pax({ uid: "4294967295" }), { name: "x" }], says: /invalid number/ },
  "a time that is not a number": { entries: [pax({ mtime: "never" }), { name: "x" }], says: /invalid number/ },
  "a size that is not a number": { entries: [pax({ size: "big" }), { name: "x" }], says: /invalid number/ },
  "a size of digits that are not octal": {
    entries: [{ name: "x", size: Buffer.from("   9       \0"), content: "content" }],
    says: /the header of "x" contains an invalid number/,
  },
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

test('".." in a name leads back, and no further than to the image\'s root, as docker, podman and umoci have it', async (context) => {
  const here = await place(context);
  const image = archive(
    { name: "missing/../victim", content: "1" },
    { name: "../../outside/deep/../b/", type: "5", mode: 0o755 },
    pax({ path: "/../outside/b/./../long" }),
    { name: "x", content: "2" },
    { name: "link", type: "1", target: "../nowhere/../victim" },
  );
  const { rootfs } = await importInto(here.root, "back", image);
  assert.deepEqual(Object.keys(snapshot(rootfs)), ["", "link", "outside", "outside/b", "outside/long", "victim"]);
  assert.equal(snapshot(rootfs)["victim"]?.sameAs, "link");
  assert.deepEqual(Object.keys(snapshot(here.outside)), ["", "victim"]);
  assert.equal(readFileSync(join(here.outside, "victim"), "utf8"), "untouched");
});
