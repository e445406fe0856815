import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { tagStored } from "../../../../runtime/image/content/tag.ts";
import { loadImages } from "../../../../runtime/image/load/load.ts";
import { pushImage } from "../../../../runtime/image/push/push.ts";
import { parseReference } from "../../../../runtime/image/registry/reference.ts";
import { savedArchive, saveInto } from "../../../../runtime/image/save/save.ts";
import { needs } from "../../../rig/host.ts";
import { registryLacks, startRegistry } from "../../../rig/registry.ts";
import { ociLayout, written } from "../layers/saved.ts";
import { loading } from "../load/rig.ts";
import { layer } from "../pull/rig.ts";
import { place } from "../rig.ts";

const LAYER = gzipSync(layer({ name: "a", content: "1" }));
const BLOB = `blobs/sha256/${createHash("sha256").update(LAYER).digest("hex")}`;
const signal = new AbortController().signal;

const DAMAGES: Readonly<Record<string, (file: string) => void>> = {
  "has other bytes": (file) => writeFileSync(file, Buffer.alloc(LAYER.length)),
  "is cut short": (file) => writeFileSync(file, LAYER.subarray(0, 20)),
  "is missing": (file) => rmSync(file),
};

async function damaged(t: TestContext, damage: (file: string) => void) {
  const { root, outside } = await place(t);
  written(ociLayout({ layers: [layer({ name: "a", content: "1" })], compress: gzipSync }), outside);
  await loadImages(loading(root, outside, "image:1"));
  damage(join(root, BLOB));
  const says = { code: "image-damaged", message: `${join(root, BLOB)} is missing or damaged` };
  return { root, outside, says };
}

describe("an image of which a layer's archive", () => {
  for (const [what, damage] of Object.entries(DAMAGES)) {
    it(`${what} here, is not saved as if it were whole`, async (t) => {
      const { root, says } = await damaged(t, damage);
      await assert.rejects(async () => {
        for await (const _ of savedArchive(root, ["image:1"]));
      }, says);
    });

    it(`${what} here, is not saved into a directory: no index names it there`, async (t) => {
      const { root, outside, says } = await damaged(t, damage);
      const directory = join(outside, "saved");
      mkdirSync(directory);
      await assert.rejects(saveInto(root, ["image:1"], directory, signal), says);
      assert.deepEqual(readdirSync(directory), ["blobs"]);
      const blobs = readdirSync(join(directory, "blobs/sha256"));
      assert.ok(blobs.every((name) => /^[0-9a-f]{64}$/.test(name) && !BLOB.endsWith(name)));
    });

    it(`${what} here, is not pushed`, async (t) => {
      if (!needs(t, registryLacks())) return;
      const { root, says } = await damaged(t, damage);
      const registry = await startRegistry({ after: (cleanup) => t.after(cleanup) });
      const reference = parseReference(`${registry.host}/image:1`);
      tagStored(root, "image:1", `${registry.host}/image:1`);
      await assert.rejects(pushImage({ root, reference, env: registry.env, signal, progress: () => {} }), says);
    });
  }
});
