import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { loadImages } from "../../../../runtime/image/load/load.ts";
import { removeImage } from "../../../../runtime/image/remove.ts";
import { resolveImage } from "../../../../runtime/image/resolve.ts";
import { faultyRegistry } from "../../../rig/registry.ts";
import { add, type Files, json, ociLayout, written } from "../layers/saved.ts";
import { loading } from "../load/rig.ts";
import { layer, pull, recorder } from "../pull/rig.ts";
import { place } from "../rig.ts";

const GOOD = layer({ name: "good", content: "1" });
const OTHER = layer({ name: "other", content: "2" });
const BASE = ociLayout({ layers: [GOOD], compress: gzipSync });
const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** An image whose configuration says that the blob unpacks to the layer. */
function claiming(blob: Buffer, diffId: string): Files {
  const files: Files = { "oci-layout": json({ imageLayoutVersion: "1.0.0" }) };
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [diffId] } };
  const manifest = {
    schemaVersion: 2,
    config: add(files, json(config), "application/vnd.oci.image.config.v1+json"),
    layers: [add(files, blob, GZIP)],
  };
  files["index.json"] = json({
    schemaVersion: 2,
    manifests: [add(files, json(manifest), "application/vnd.oci.image.manifest.v1+json")],
  });
  return files;
}

const LIES: Readonly<Record<string, Buffer>> = {
  "is broken": Buffer.concat([gzipSync(GOOD).subarray(0, -9), Buffer.from("123456789")]),
  "is cut short": gzipSync(GOOD).subarray(0, 40),
  "is another layer": gzipSync(OTHER),
  "is no archive": Buffer.from("<html>"),
  "is empty": Buffer.alloc(0),
};

async function loaded(t: TestContext, root: string, files: Files, name: string): Promise<string[]> {
  const { outside } = await place(t);
  written(files, outside);
  return loadImages(loading(root, outside, name));
}

const blobsIn = (root: string) => readdirSync(join(root, "blobs/sha256"));

describe("a layer that is here already, of which an image's archive", () => {
  for (const [what, blob] of Object.entries(LIES)) {
    it(`${what}, is refused by load and by pull, each time, and its archive is not stored`, async (t) => {
      const { root } = await place(t);
      await loaded(t, root, BASE, "base");
      const lying = claiming(blob, digestOf(GOOD));
      for (const _ of ["first", "second"])
        await assert.rejects(loaded(t, root, lying, "lying"), { code: "image-invalid" });
      const registry = await faultyRegistry({ after: (cleanup) => t.after(cleanup) }, lying);
      for (const _ of ["first", "second"]) await assert.rejects(pull(root, registry), { code: "image-invalid" });
      assert.ok(!blobsIn(root).includes(digestOf(blob).slice(7)));
      assert.throws(() => resolveImage(root, "lying"), { code: "image-not-found" });
    });
  }

  it("is here too, but as that of another layer, is refused", async (t) => {
    const { root } = await place(t);
    await loaded(t, root, ociLayout({ layers: [GOOD, OTHER], compress: gzipSync }), "both");
    await assert.rejects(loaded(t, root, claiming(gzipSync(OTHER), digestOf(GOOD)), "swapped"), {
      code: "image-invalid",
      message: /its layer does not match its digest sha256:/,
    });
    assert.equal(resolveImage(root, "both").layers.length, 2);
  });

  it("is compressed in another way is read once, and present from then on", async (t) => {
    const { root } = await place(t);
    await loaded(t, root, BASE, "base");
    const plain = ociLayout({ layers: [GOOD], compress: (bytes) => gzipSync(bytes, { level: 1 }) });
    const registry = await faultyRegistry({ after: (cleanup) => t.after(cleanup) }, plain);
    const [first, second] = [recorder(), recorder()];
    await pull(root, registry, "image", { progress: first.progress });
    await removeImage(root, "base");
    const { upToDate } = await pull(root, registry, "image", { progress: second.progress });
    assert.deepEqual([first.states().at(-1), second.states(), upToDate], ["done", ["present"], true]);
  });
});

describe("an archive that was damaged here", () => {
  it("is fetched again where its layer must be unpacked from it", async (t) => {
    const { root } = await place(t);
    const registry = await faultyRegistry({ after: (cleanup) => t.after(cleanup) }, BASE);
    await pull(root, registry);
    const blob = join(root, "blobs/sha256", digestOf(gzipSync(GOOD)).slice(7));
    writeFileSync(blob, "damaged");
    rmSync(join(root, "layers"), { recursive: true });
    await pull(root, registry);
    assert.deepEqual(readFileSync(blob), gzipSync(GOOD));
    assert.equal(resolveImage(root, `${registry.host}/image`).layers.length, 1);
  });
});
