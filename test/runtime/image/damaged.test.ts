import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";
import { archive } from "./archive/archive.ts";

const rig = await tinydocker({ after });
const run = (...words: string[]) => rig.run(words);
const printed = async (...words: string[]) => {
  const { code, stdout, stderr } = await run(...words);
  assert.deepEqual([code, stderr], [0, ""], words.join(" "));
  return stdout;
};
const imported = (name: string) => rig.run(["import", "-", name], { input: archive({ name, content: name }) });

describe("an image whose configuration is damaged", async () => {
  await importBusybox(rig);
  for (const name of ["broken:1", "whole:1"]) await imported(name);
  const id = (await printed("image", "inspect", "-f", "{{.Id}}", "broken:1")).trim();
  writeFileSync(join(rig.root, "blobs", id.replace(":", "/")), "{}");

  it("is listed as damaged, beside the others", async () => {
    const table = await printed("images");
    assert.match(table, /^broken +1 +broken:1 +N\/A +damaged$/m);
    assert.match(table, /^whole +1 +[0-9a-f]{12} .* ago +\d+B$/m);
    const rows: { name: string; damaged?: boolean }[] = JSON.parse(await printed("images", "--json"));
    assert.deepEqual(
      rows.filter(({ damaged }) => damaged !== undefined).map(({ name, damaged }) => [name, damaged]),
      [["broken:1", true]],
    );
    assert.match(await printed("images", "-q"), /^broken:1$/m);
  });

  it("does not keep a container of another image from being committed", async () => {
    await printed("create", "--image", "box", "--network", "none", "c1", "true");
    assert.match(await printed("commit", "c1", "committed:1"), /^sha256:/);
    await printed("rm", "c1");
  });

  it("is named where it is used, and removed by prune -a as by its name", async () => {
    const { code, stderr } = await run("history", "broken:1");
    assert.equal(code, 125);
    assert.match(stderr, /blobs\/sha256\/[0-9a-f]{64} is missing or damaged\n {2}remove the images that have it/);
    assert.match(await printed("image", "prune", "-a", "--filter", "label!=x"), /^broken:1$/m);
  });

  it("which was imported without layers, is listed too", async () => {
    writeFileSync(join(rig.root, "images/box/image.json"), "{}");
    assert.match(await printed("images"), /^box +- +box +N\/A +damaged$/m);
    await printed("rmi", "box");
  });
});

describe("an image that was imported without layers", () => {
  it("is named as that where layers are needed", async () => {
    await importBusybox({ ...rig, directory: join(rig.directory, "again") });
    for (const words of [
      ["save", "box"],
      ["tag", "box", "a:1"],
      ["history", "box"],
    ]) {
      const { code, stderr } = await run(...words);
      assert.equal(code, 125);
      assert.match(
        stderr,
        /^tinydocker: the image box is a root file system without layers and history\n {2}tinydocker import/,
      );
    }
    const driver = await printed("image", "inspect", "-f", "{{.GraphDriver.Data.UpperDir}}", "box");
    assert.equal(driver, `${join(rig.root, "images/box/rootfs")}\n`);
  });
});

describe("save -o of a directory", () => {
  it("that has other files is refused, and nothing is written there", async () => {
    await imported("whole:1");
    const { code, stderr } = await run("save", "-o", rig.directory, "whole:1");
    assert.equal(code, 125);
    assert.match(
      stderr,
      /^tinydocker: the directory \S+ is neither empty nor an OCI layout\n {2}name an empty directory/,
    );
  });
});
