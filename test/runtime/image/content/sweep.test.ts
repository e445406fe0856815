import assert from "node:assert/strict";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { beginName, readName, removeName } from "../../../../runtime/image/content/names.ts";
import { layersDirectory } from "../../../../runtime/image/content/places.ts";
import { pruneStored } from "../../../../runtime/image/content/remove.ts";
import { existingStored } from "../../../../runtime/image/content/stored-image.ts";
import { tagStored } from "../../../../runtime/image/content/tag.ts";
import { removeImage } from "../../../../runtime/image/remove.ts";
import { resolveImage } from "../../../../runtime/image/resolve.ts";
import { faultyRegistry } from "../../../rig/registry.ts";
import { ociLayout } from "../layers/saved.ts";
import { layer, pull, stored } from "../pull/rig.ts";
import { place } from "../rig.ts";

const BASE = layer({ name: "base", content: "1" });

async function pulled(t: TestContext, root: string, top: string): Promise<string> {
  const files = ociLayout({
    layers: [BASE, layer({ name: top, content: "2" })],
    compress: gzipSync,
    config: { Labels: { top } },
  });
  const registry = await faultyRegistry({ after: (cleanup) => t.after(cleanup) }, files);
  await pull(root, registry);
  return `${registry.host}/image`;
}

describe("a layer", () => {
  it("that two images have is stored once, and stays until the second is removed", async (t) => {
    const { root } = await place(t);
    const [a, b] = [await pulled(t, root, "a"), await pulled(t, root, "b")];
    assert.equal(readdirSync(layersDirectory(root)).length, 3);
    await removeImage(root, a);
    assert.equal(readdirSync(layersDirectory(root)).length, 2);
    assert.equal(resolveImage(root, b).layers.length, 2);
    await removeImage(root, b);
    assert.deepEqual(
      stored(root).filter((name) => !/^names\/127/.test(name)),
      [],
    );
  });

  it("of an image that a pull is about to name stays", async (t) => {
    const { root } = await place(t);
    const name = await pulled(t, root, "a");
    const named = readName(root, `${name}:latest`);
    assert.ok(named);
    const naming = beginName(root, named);
    await removeImage(root, name);
    assert.equal(readdirSync(layersDirectory(root)).length, 2);
    naming.drop();
    assert.deepEqual((await pruneStored(root, () => false)).layers, 2);
  });

  it("that a killed removal had put aside comes back if an image needs it", async (t) => {
    const { root } = await place(t);
    const name = await pulled(t, root, "a");
    const [first = ""] = readdirSync(layersDirectory(root));
    // Process 1 exists, and did not start at this time.
    mkdirSync(join(root, "removed/1-12345-1"), { recursive: true });
    renameSync(join(layersDirectory(root), first), join(root, "removed/1-12345-1", first));
    assert.throws(() => resolveImage(root, name), { code: "image-damaged" });
    await pruneStored(root, () => false);
    assert.equal(resolveImage(root, name).layers.length, 2);
    assert.deepEqual(readdirSync(join(root, "removed")), []);
  });

  it("of an image whose tag moved to another one is removed by prune", async (t) => {
    const { root } = await place(t);
    const [a, b] = [await pulled(t, root, "a"), await pulled(t, root, "b")];
    tagStored(root, a, "moving:1");
    await removeImage(root, a);
    tagStored(root, b, "moving:1");
    assert.deepEqual((await pruneStored(root, () => false)).layers, 1);
    assert.equal(resolveImage(root, "moving:1").layers.length, 2);
    assert.deepEqual((await pruneStored(root, () => true)).names.length, 2);
  });

  it("of an image that another command removes while prune looks at it is left to that", async (t) => {
    const { root } = await place(t);
    const name = await pulled(t, root, "a");
    const pruned = await pruneStored(root, (wanted) => {
      removeName(root, `${name}:latest`);
      return existingStored(root, wanted) !== undefined;
    });
    assert.deepEqual([pruned.names, pruned.layers], [[], 2]);
  });
});
