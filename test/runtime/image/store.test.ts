import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import { allImages, listingJson } from "../../../runtime/image/listing.ts";
import { removeImage } from "../../../runtime/image/remove.ts";
import { HOST, resolveImage } from "../../../runtime/image/resolve.ts";
import { checkedName } from "../../../runtime/spec/name.ts";
import { archive } from "./archive/archive.ts";
import { imagesIn, importInto, place, refusal } from "./rig.ts";

const listing = async (root: string) => listingJson(await allImages(root));

const IMAGE = archive({ name: "bin/sh", content: "#!", mode: 0o755 });

for (const name of ["a", "0", "Debian-12.5_x", "a".repeat(64)]) {
  test(`${JSON.stringify(name)} can be a name`, () => assert.equal(checkedName("image", name), name));
}

for (const name of [
  "",
  ".",
  "..",
  ".hidden",
  "-a",
  "_a",
  "a,b",
  "a:b",
  "a/b",
  "../../etc",
  "a b",
  "a\n",
  "é",
  "a".repeat(65),
]) {
  test(`${JSON.stringify(name)} can't be a name`, async (context) => {
    const here = await place(context);
    const refused = {
      name: "Failure",
      exitCode: 125,
      message: `${JSON.stringify(name)} can't be the name of an image`,
    };
    assert.throws(() => checkedName("image", name), refused);
    // A name as docker reads it may be one of a registry's image.
    const code = ["a:b", "a/b", "a".repeat(65)].includes(name) ? "image-not-found" : "name-invalid";
    assert.throws(() => resolveImage(here.root, name), { code, exitCode: 125 });
    await assert.rejects(importInto(here.root, name, IMAGE), refused);
    await assert.rejects(removeImage(here.root, name), { code, exitCode: 125 });
    assert.deepEqual(imagesIn(here), []);
  });
}

test("the image host is this machine's root, and can be neither imported nor removed", async (context) => {
  const here = await place(context);
  assert.deepEqual(resolveImage(here.root, "host"), { name: "host", layers: ["/"] });
  assert.match((await refusal(importInto(here.root, "host", IMAGE))).message, /built in/);
  await assert.rejects(removeImage(here.root, "host"), /built in and can't be removed/);
});

test("an imported image is found by its name until it is removed", async (context) => {
  const here = await place(context);
  await importInto(here.root, "small", IMAGE);
  const rootfs = join(here.root, "images/small/rootfs");
  assert.deepEqual(resolveImage(here.root, "small"), { name: "small", layers: [rootfs] });
  await removeImage(here.root, "small");
  assert.deepEqual(imagesIn(here), []);
  assert.throws(() => resolveImage(here.root, "small"), Failure);
});

test("an image that does not exist is reported, with those that do and how to import it", async (context) => {
  const here = await place(context);
  await importInto(here.root, "debian", IMAGE);
  await importInto(here.root, "alpine", IMAGE);
  await mkdir(join(here.root, "images/.import-1-1-abc"));
  const expected = {
    message: "there is no image ubuntu; available: host, alpine, debian",
    remedy: "tinydocker pull ubuntu, or tinydocker image import NAME FILE.tar[.gz|.zst]|DIR|-",
    exitCode: 125,
  };
  assert.throws(() => resolveImage(here.root, "ubuntu"), expected);
  await assert.rejects(removeImage(here.root, "ubuntu"), expected);
  const id = `sha256:${"0".repeat(64)}`;
  assert.throws(() => resolveImage(here.root, id), { remedy: "tinydocker image ls lists the images" });
  for (let i = 0; i < 9; i += 1) await importInto(here.root, `e${i}`, IMAGE);
  const first = "host, alpine, debian, e0, e1, e2, e3, e4, e5, e6 and 2 more";
  assert.throws(() => resolveImage(here.root, "ubuntu"), { message: `there is no image ubuntu; available: ${first}` });
});

test("an import under a name in use is refused, and the image stays", async (context) => {
  const here = await place(context);
  const first = await importInto(here.root, "debian", IMAGE);
  const failure = await refusal(importInto(here.root, "debian", archive({ name: "other" })));
  assert.deepEqual([failure.message, failure.exitCode], ["the image debian already exists", 125]);
  assert.match(failure.remedy ?? "", /image rm debian/);
  assert.ok((await listing(here.root)).includes(first.record.created));
});

test("a removal also removes what killed ones left", async (context) => {
  const here = await place(context);
  await importInto(here.root, "a", IMAGE);
  // Process 1 exists, and did not start at this time.
  await mkdir(join(here.root, "images/.remove-1-12345-abcdef/b/rootfs"), { recursive: true });
  await removeImage(here.root, "a");
  assert.deepEqual(imagesIn(here), []);
});

test("names that are not UTF-8 are removed with their image", async (context) => {
  const here = await place(context);
  await importInto(here.root, "bytes", archive({ name: Buffer.from("d\xff/f\xfe", "latin1"), content: "x" }));
  await removeImage(here.root, "bytes");
  assert.deepEqual(imagesIn(here), []);
});

test("images are listed as JSON", async (context) => {
  const here = await place(context);
  await importInto(here.root, "debian", IMAGE);
  const record = { name: "debian", created: "2024-01-31T12:34:56.789Z", bytes: 1_234_567, files: 89 };
  await writeFile(join(here.root, "images/debian/image.json"), JSON.stringify(record));
  assert.deepEqual(JSON.parse(await listing(here.root)), [
    { name: HOST.name, host: true, created: null, bytes: null, files: null },
    { host: false, ...record },
  ]);
});

for (const damaged of ["", "{", "null", "[]", '{"created":1,"bytes":1,"files":1}']) {
  test(`an image whose record is ${JSON.stringify(damaged)} is listed as damaged, not run, and can be removed`, async (context) => {
    const here = await place(context);
    await importInto(here.root, "bad", IMAGE);
    await writeFile(join(here.root, "images/bad/image.json"), damaged);
    assert.match(await listing(here.root), /"damaged":true,"name":"bad"/);
    assert.throws(() => resolveImage(here.root, "bad"), { name: "Failure", message: /bad\/image\.json is damaged/ });
    await removeImage(here.root, "bad");
    assert.deepEqual(imagesIn(here), []);
  });
}
