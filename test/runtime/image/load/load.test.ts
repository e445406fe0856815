import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { existingStored, findStored, storedNames } from "../../../../runtime/image/content/stored-image.ts";
import { loadImages } from "../../../../runtime/image/load/load.ts";
import { OCI_INDEX } from "../../../../runtime/image/manifest/kinds.ts";
import { removeImage } from "../../../../runtime/image/remove.ts";
import { resolveImage } from "../../../../runtime/image/resolve.ts";
import { inspectedImage } from "../../../../runtime/inspect/image.ts";
import { faultyRegistry } from "../../../rig/registry.ts";
import { add, addImage, dockerSave, type Files, json, ociLayout, packed, written } from "../layers/saved.ts";
import { layer, pull, stored } from "../pull/rig.ts";
import { place } from "../rig.ts";
import { loading } from "./rig.ts";

const LAYER = layer({ name: "a", content: "1" });

const OTHER = layer({ name: "b", content: "2" });
const eventsIn = (root: string) => (existsSync(join(root, "events")) ? readFileSync(join(root, "events"), "utf8") : "");

/** An image of docker save whose configuration names this as what its layer unpacks to. */
function withDiffId(diffId: string): Files {
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [diffId] } };
  return {
    "layer.tar": LAYER,
    "config.json": json(config),
    "manifest.json": json([{ Config: "config.json", RepoTags: ["a:1"], Layers: ["layer.tar"] }]),
  };
}

describe("load", () => {
  for (const diffId of ["../names", "..", "", ".", "sha256:..", `sha256:${"A".repeat(64)}`, `md5:${"0".repeat(32)}`]) {
    it(`refuses an image that names ${JSON.stringify(diffId)} as the digest of a layer`, async (t) => {
      const { root, outside } = await place(t);
      written(ociLayout({ layers: [LAYER] }), join(outside, "base"));
      await loadImages(loading(root, join(outside, "base"), "base"));
      written(withDiffId(diffId), outside);
      await assert.rejects(loadImages(loading(root, outside)), {
        code: "image-invalid",
        message: `can't load ${outside}: ${JSON.stringify(diffId)} is not the digest of a layer`,
      });
      assert.equal(resolveImage(root, "base").layers.length, 1);
    });
  }

  it("is an event once the image is here, not where it was refused", async (t) => {
    const { root, outside } = await place(t);
    written(dockerSave({ layers: [LAYER] }), join(outside, "good"));
    written({ ...dockerSave({ layers: [LAYER] }), "layer0/layer.tar": OTHER }, join(outside, "bad"));
    await assert.rejects(loadImages(loading(root, join(outside, "bad"))), { code: "image-invalid" });
    assert.doesNotMatch(eventsIn(root), /load/);
    await loadImages(loading(root, join(outside, "good")));
    assert.match(eventsIn(root), /"load".*busybox/);
  });

  it("makes one image of what docker saved and what is in an OCI layout where their configuration is the same: by its id all names go", async (t) => {
    const { root, outside } = await place(t);
    written(dockerSave({ layers: [LAYER] }), join(outside, "saved"));
    written(ociLayout({ layers: [LAYER] }), join(outside, "layout"));
    await loadImages(loading(root, join(outside, "saved")));
    await loadImages(loading(root, join(outside, "layout"), "other:1"));
    const id = findStored(root, "other:1")?.id ?? "";
    assert.deepEqual(inspectedImage(root, id)?.["RepoTags"], ["busybox:latest", "other:1"]);
    await assert.rejects(removeImage(root, id), {
      message: `the image ${id} has several names: busybox:latest, other:1`,
    });
    await removeImage(root, id, true);
    assert.deepEqual([storedNames(root), stored(root)], [[], ["names/docker.io"]]);
  });

  it("takes an index in an index, as pull does", async (t) => {
    const { root, outside } = await place(t);
    const files: Files = { "oci-layout": json({ imageLayoutVersion: "1.0.0" }) };
    let listed = addImage(files, { layers: [LAYER] });
    for (let depth = 0; depth < 2; depth += 1)
      listed = add(files, json({ schemaVersion: 2, manifests: [listed] }), OCI_INDEX);
    written({ ...files, "index.json": json({ schemaVersion: 2, manifests: [listed] }) }, outside);
    assert.deepEqual(await loadImages(loading(root, outside, "nested")), ["nested:latest"]);
  });

  it("takes an archive of no bytes for a layer without files, as docker does, first and again", async (t) => {
    const { root, outside } = await place(t);
    const file = join(outside, "saved.tar");
    writeFileSync(file, packed(dockerSave({ layers: [LAYER, Buffer.alloc(0)] })));
    for (const _ of ["first", "again"]) assert.deepEqual(await loadImages(loading(root, file)), ["busybox:latest"]);
    assert.equal(resolveImage(root, "busybox").layers.length, 2);
    await removeImage(root, "busybox");
    assert.deepEqual(readdirSync(join(root, "layers")), []);
    assert.deepEqual(existsSync(join(root, "downloads")) && readdirSync(join(root, "downloads")), []);
  });
});

describe("load", () => {
  it("gives images without a name one by their ids, as docker saves what is named by its id", async (t) => {
    const { root, outside } = await place(t);
    const files: Files = { "oci-layout": json({ imageLayoutVersion: "1.0.0" }) };
    const images = ["a", "b"].map((name) => addImage(files, { layers: [layer({ name })] }));
    written({ ...files, "index.json": json({ schemaVersion: 2, manifests: images }) }, outside);
    const names = await loadImages(loading(root, outside));
    assert.equal(new Set(names).size, 2);
    for (const name of names) {
      const id = existingStored(root, name).id.replace("sha256:", "");
      assert.equal(name, `localhost/load:${id.slice(0, 12)}`);
    }
  });

  it("refuses one name for several images, which each would take from the one before", async (t) => {
    const { root, outside } = await place(t);
    const files: Files = { "oci-layout": json({ imageLayoutVersion: "1.0.0" }) };
    const images = ["a", "b"].map((name) => addImage(files, { layers: [layer({ name })] }));
    written({ ...files, "index.json": json({ schemaVersion: 2, manifests: images }) }, outside);
    await assert.rejects(loadImages(loading(root, outside, "one:1")), {
      code: "image-invalid",
      message: `can't load ${outside}: it has 2 images, and --name is for one; skopeo copy takes one of them`,
    });
    assert.throws(() => resolveImage(root, "one:1"), { code: "image-not-found" });
  });

  it("gives the name to the one of several images that has none, and refuses it where two have none", async (t) => {
    const { root, outside } = await place(t);
    const files: Files = { "oci-layout": json({ imageLayoutVersion: "1.0.0" }) };
    const [named, ...others] = ["a", "b", "c"].map((name) => addImage(files, { layers: [layer({ name })] }));
    const annotations = { "org.opencontainers.image.ref.name": "theirs:1" };
    const listed = (manifests: object[]) => {
      written({ ...files, "index.json": json({ schemaVersion: 2, manifests }) }, outside);
      return loadImages(loading(root, outside, "ours:1"));
    };
    await assert.rejects(listed([{ ...named, annotations }, ...others]), { message: /it has 3 images, and --name is/ });
    assert.deepEqual(await listed([{ ...named, annotations }, ...others.slice(1)]), ["theirs:1", "ours:1"]);
    assert.deepEqual(await listed([{ ...named, annotations }]), ["ours:1"]);
  });

  it("says what to do with what skopeo keeps in a directory", async (t) => {
    const { root, outside } = await place(t);
    const files: Files = {};
    const { digest } = addImage(files, { layers: [LAYER] });
    written({ "manifest.json": files[`blobs/${digest.replace(":", "/")}`] ?? Buffer.alloc(0) }, outside);
    await assert.rejects(loadImages(loading(root, outside)), { message: /`skopeo copy dir:DIR oci:OTHER` makes/ });
  });

  it("names the compression of layers that bazel, jib and crane have packed like docker, for whoever pulls them later", async (t) => {
    const { root, outside } = await place(t);
    const layers = [LAYER, OTHER, layer({ name: "c" })];
    const files = dockerSave({ layers });
    const zstd = execFileSync("zstd", ["-qc"], { input: OTHER });
    written({ ...files, "layer0/layer.tar": gzipSync(LAYER), "layer1/layer.tar": zstd }, outside);
    await loadImages(loading(root, outside));
    const types = findStored(root, "busybox")?.manifest.layers.map(({ mediaType }) => mediaType);
    const plain = "application/vnd.docker.image.rootfs.diff.tar";
    assert.deepEqual(types, [`${plain}.gzip`, `${plain}.zstd`, plain]);
  });

  it("says that what docker saved before it had a list of images is too old", async (t) => {
    const { root, outside } = await place(t);
    const id = "1".repeat(64);
    written(
      { repositories: json({ a: { latest: id } }), [`${id}/layer.tar`]: LAYER, [`${id}/json`]: json({ id }) },
      outside,
    );
    await assert.rejects(loadImages(loading(root, outside)), {
      message: /a docker of before 2016 saved it: load it with/,
    });
  });

  it("says how to give what is compressed with xz", async (t) => {
    const { root, outside } = await place(t);
    const file = join(outside, "saved.tar.xz");
    writeFileSync(file, Buffer.from("fd377a585a0000", "hex"));
    await assert.rejects(loadImages(loading(root, file)), {
      message: `can't load ${file}: it is compressed with xz; give it on standard input, behind \`xz -dc FILE |\``,
    });
  });
});

describe("pull", () => {
  it("takes an archive of no bytes for a layer without files too", async (t) => {
    const { root } = await place(t);
    const files = ociLayout({ layers: [LAYER, Buffer.alloc(0)] });
    const registry = await faultyRegistry({ after: (cleanup) => t.after(cleanup) }, files);
    assert.deepEqual([(await pull(root, registry)).upToDate, (await pull(root, registry)).upToDate], [false, true]);
    assert.equal(resolveImage(root, `${registry.host}/image`).layers.length, 2);
  });
});
