import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { hints } from "../../../../runtime/image/hints.ts";
import { archive, type RawEntry, records } from "../archive/archive.ts";
import { imagesIn, importInto, type Place, place, refusal, snapshot } from "../rig.ts";
import {
  ARCHITECTURE,
  add,
  addImage,
  dockerSave,
  type Files,
  json,
  ociLayout,
  packed,
  type Saved,
  written,
} from "./saved.ts";

const zstd = (data: Buffer) => execFileSync("zstd", ["-q", "-c"], { input: data });

const LAYERS = [
  archive(
    { name: "bin/sh", content: "#!", mode: 0o755 },
    { name: "etc/removed", content: "x" },
    { name: "etc/kept", content: "below" },
    { name: "opt/a", content: "x" },
    { name: "opt/deep/b", content: "x" },
    { name: "run", type: "2", target: "var/run" },
    { name: "var/run/", type: "5", mode: 0o755 },
    { name: "tree/x/y", content: "x" },
  ),
  archive(
    { name: "etc/.wh.removed" },
    { name: "etc/kept", content: "above" },
    { name: "opt/!first", content: "sorted before its whiteout" },
    { name: "opt/.wh..wh..opq" },
    { name: "opt/c", content: "x" },
    { name: "run/through", content: "x" },
    { name: "tree", content: "a file now" },
    { name: ".wh..wh.plnk/x", content: "aufs" },
    { name: ".wh.absent" },
  ),
];
const MERGED = [
  "",
  "bin",
  "bin/sh",
  "etc",
  "etc/kept",
  "opt",
  "opt/!first",
  "opt/c",
  "run",
  "tree",
  "var",
  "var/run",
  "var/run/through",
];

const FORMS: Readonly<Record<string, Files>> = {
  "docker save": dockerSave({ layers: LAYERS }),
  "an OCI layout": ociLayout({ layers: LAYERS }),
  "an OCI layout with gzip": ociLayout({ layers: LAYERS, compress: gzipSync }),
  "an OCI layout with zstd": ociLayout({ layers: LAYERS, compress: zstd }),
};

for (const [form, files] of Object.entries(FORMS)) {
  test(`the layers of ${form} become one root file system, from an archive and from a directory`, async (context) => {
    const here = await place(context);
    const directory = join(here.outside, "layout");
    written(files, directory);
    for (const [name, source] of [
      ["archive", packed(files)],
      ["directory", directory],
    ] as const) {
      const { rootfs, record } = await importInto(here.root, name, source);
      const nodes = snapshot(rootfs);
      assert.deepEqual(Object.keys(nodes).sort(), MERGED);
      assert.equal(readFileSync(join(rootfs, "etc/kept"), "utf8"), "above");
      assert.deepEqual([record.files, record.bytes], [7, 2 + 5 + 26 + 1 + 1 + 10]);
    }
    assert.deepEqual(imagesIn(here), ["archive", "directory"]);
  });
}

test("what the image says about its containers is kept, and what has no meaning here is said", async (context) => {
  const here = await place(context);
  const config = {
    User: "app",
    Env: ["PATH=/bin"],
    Cmd: ["sh", "-c", "exit 3"],
    Entrypoint: null,
    WorkingDir: "/srv",
    ExposedPorts: { "80/tcp": {} },
  };
  const imported = await importInto(here.root, "web", packed(ociLayout({ layers: LAYERS, config })));
  const kept = { User: "app", Env: ["PATH=/bin"], Cmd: ["sh", "-c", "exit 3"], WorkingDir: "/srv" };
  assert.deepEqual(imported.record.config, kept);
  assert.deepEqual(JSON.parse(readFileSync(join(here.root, "images/web/image.json"), "utf8")).config, kept);
  assert.deepEqual(hints(imported), [
    "does not use the image's ExposedPorts",
    'the image\'s own command, which runs where none is given, is: "sh" "-c" "exit 3"',
  ]);
});

test("of an index, the image for this machine is taken, and attestations are no images", async (context) => {
  const here = await place(context);
  const files: Files = { "oci-layout": json({ imageLayoutVersion: "1.0.0" }) };
  const other = addImage(files, { layers: [archive({ name: "other" })], architecture: "mips64le" });
  const ours = addImage(files, { layers: [archive({ name: "ours" })] });
  const note = {
    ...addImage(files, { layers: [] }),
    platform: { architecture: "unknown", os: "unknown" },
    annotations: { "vnd.docker.reference.type": "attestation-manifest" },
  };
  const inner = add(
    files,
    json({ schemaVersion: 2, manifests: [other, ours, note] }),
    "application/vnd.oci.image.index.v1+json",
  );
  files["index.json"] = json({ schemaVersion: 2, manifests: [inner] });
  const { rootfs } = await importInto(here.root, "index", packed(files));
  assert.deepEqual(Object.keys(snapshot(rootfs)), ["", "ours"]);
});

test("an image for another processor is imported with a warning", async (context) => {
  const here = await place(context);
  const imported = await importInto(
    here.root,
    "other",
    packed(ociLayout({ layers: LAYERS, architecture: "mips64le" })),
  );
  assert.deepEqual(hints(imported), ["the image is for linux/mips64le, and this machine is not"]);
});

test("layers that old versions of docker saved once and linked to are found", async (context) => {
  const here = await place(context);
  const files = dockerSave({ layers: [LAYERS[0] ?? Buffer.alloc(0), LAYERS[0] ?? Buffer.alloc(0)] });
  delete files["layer1/layer.tar"];
  const source = packed(files, { name: "layer1/layer.tar", type: "2", target: "../layer0/layer.tar" });
  assert.equal((await importInto(here.root, "linked", source)).record.files, 7);
});

test("a layer without an end, and one with nothing in it, are whole when their digest is right", async (context) => {
  const here = await place(context);
  const layers = [records({ name: "a", content: "x" }), archive(), Buffer.alloc(0)];
  const { rootfs } = await importInto(here.root, "endless", packed(ociLayout({ layers })));
  assert.deepEqual(Object.keys(snapshot(rootfs)), ["", "a"]);
});

test("a root file system that has a manifest.json of its own is none in layers", async (context) => {
  const here = await place(context);
  for (const [index, content] of ['{"name":"app"}', "[]", "not JSON", '[{"src":"icon.png"}]'].entries()) {
    const { rootfs } = await importInto(here.root, `app${index}`, archive({ name: "manifest.json", content }));
    assert.deepEqual(Object.keys(snapshot(rootfs)), ["", "manifest.json"]);
  }
});

const GOOD = ociLayout({ layers: LAYERS, compress: gzipSync });
const blobs = Object.keys(GOOD).filter((path) => path.startsWith("blobs/"));

test("a flipped bit, a cut and a missing end in any blob are found", async (context) => {
  const here = await place(context);
  for (const path of blobs) {
    const bytes = GOOD[path] ?? Buffer.alloc(0);
    for (const at of [0, 10, bytes.length >> 1, bytes.length - 1]) {
      const bad = Buffer.from(bytes);
      bad.writeUInt8(bad.readUInt8(at) ^ 1, at);
      await refused(here, { ...GOOD, [path]: bad }, /does not match its digest|broken|not a tar archive|is compressed/);
    }
    await refused(here, { ...GOOD, [path]: bytes.subarray(0, -1) }, /has \d+ bytes, and should have \d+/);
    const { [path]: _, ...rest } = GOOD;
    await refused(here, rest, /its blobs\/sha256\/\w+ is missing/);
  }
});

test("a layer of docker save that does not match the configuration's digest is refused", async (context) => {
  const here = await place(context);
  const files = dockerSave({ layers: LAYERS });
  files["layer1/layer.tar"] = archive({ name: "other" });
  await refused(here, files, /its layer1\/layer\.tar does not match its digest sha256:/);
  const config = Object.keys(files).find((path) => path.endsWith(".json") && path !== "manifest.json") ?? "";
  await refused(here, { ...files, [config]: json({}) }, /does not match its digest/);
});

async function refused(here: Place, files: Files, says: RegExp, ...extra: RawEntry[]): Promise<void> {
  const failure = await refusal(importInto(here.root, "bad", packed(files, ...extra)));
  assert.match(failure.message, says);
  assert.deepEqual([failure.code, imagesIn(here)], ["image-invalid", []]);
}

const image = (saved: Partial<Saved>) => ociLayout({ layers: LAYERS, ...saved });
const manifestOf = (value: unknown): Files => ({ "manifest.json": json(value) });
const indexOf = (...manifests: unknown[]): Files => ({ "oci-layout": json({}), "index.json": json({ manifests }) });
const descriptor = { mediaType: "application/vnd.oci.image.manifest.v1+json", size: 1 };

const REFUSED: Readonly<Record<string, { files: Files; says: RegExp; extra?: RawEntry }>> = {
  "several images": {
    files: manifestOf(["a:1", "b:2"].map((tag) => ({ Config: "c.json", RepoTags: [tag], Layers: [] }))),
    says: /has 2 images \(a:1, b:2\).*`docker save a:1 \| tinydocker image import NAME -`/,
  },
  "no image": { files: indexOf(), says: /it has no image/ },
  "an image of another system": { files: image({ os: "windows" }), says: /is for windows, not for Linux/ },
  "a configuration that leads out": {
    files: manifestOf([{ Config: "../../outside/victim", Layers: [] }]),
    says: /is missing|is not a file of it/,
  },
  "a layer that leads out by a symlink": {
    files: (() => {
      const files = dockerSave({ layers: LAYERS });
      delete files["layer1/layer.tar"];
      return files;
    })(),
    extra: { name: "layer1/layer.tar", type: "2", target: "/etc/passwd" },
    says: /its layer1\/layer\.tar is not a file of it/,
  },
  "fewer layers than its configuration names": {
    files: (() => {
      const files = dockerSave({ layers: LAYERS });
      const [{ Config }] = JSON.parse(String(files["manifest.json"])) as [{ Config: string }];
      return { ...files, "manifest.json": json([{ Config, Layers: ["layer0/layer.tar"] }]) };
    })(),
    says: /its configuration names 2 layers, and it has 1/,
  },
  "a digest that is a path": {
    files: indexOf({ ...descriptor, digest: "sha256:../../../etc/passwd" }),
    says: /is not a digest with sha256 or sha512/,
  },
  "an index of another shape": {
    files: { "oci-layout": json({}), "index.json": json([]) },
    says: /index\.json is not what its format says/,
  },
  "an index too large to be one": {
    files: { "oci-layout": json({}), "index.json": Buffer.alloc(9_000_000, " ") },
    says: /index\.json is over 8 MiB/,
  },
  "what is not a container's image": {
    files: (() => {
      const files: Files = { "oci-layout": json({}) };
      const config = add(files, json({}), "application/vnd.cncf.helm.config.v1+json");
      const manifest = add(files, json({ config, layers: [] }), descriptor.mediaType);
      return { ...files, ...indexOf(manifest) };
    })(),
    says: /is not an image of a container: application\/vnd\.cncf\.helm/,
  },
  "only images for other machines": {
    files: (() => {
      const files: Files = {};
      const manifests = ["mips64le", "s390x"].map((architecture) => addImage(files, { layers: LAYERS, architecture }));
      return { ...files, ...indexOf(...manifests) };
    })(),
    says: new RegExp(`is for linux/mips64le, linux/s390x, and this machine is linux/${ARCHITECTURE}`),
  },
  "a whiteout without a name": {
    files: image({ layers: [...LAYERS, archive({ name: "a/.wh." })] }),
    says: /the whiteout "\.wh\." removes no name/,
  },
  "a whiteout of its parent": {
    files: image({ layers: [...LAYERS, archive({ name: "a/.wh..." })] }),
    says: /the whiteout "\.wh\.\.\." removes no name/,
  },
  "a layer that is not an archive": { files: image({ layers: [Buffer.from("hello")] }), says: /is not a tar archive/ },
};

for (const [what, { files, says, extra }] of Object.entries(REFUSED)) {
  test(`a saved image with ${what} is refused, and nothing changes`, async (context) => {
    const here = await place(context);
    const before = snapshot(here.outside);
    await refused(here, files, says, ...(extra ? [extra] : []));
    assert.deepEqual(snapshot(here.outside), before);
  });
}

test("a layout's directory is read where it is, and no symlink of it is followed out", async (context) => {
  const here = await place(context);
  const directory = join(here.outside, "layout");
  const files = ociLayout({ layers: LAYERS });
  const [path = ""] = blobs;
  await mkdir(join(directory, "blobs/sha256"), { recursive: true });
  const layer = Object.keys(files).find((name) => files[name] === LAYERS[0]) ?? path;
  const { [layer]: content = Buffer.alloc(0), ...rest } = files;
  written({ away: content }, here.outside);
  written(rest, directory);
  await symlink(join(here.outside, "away"), join(directory, layer));
  const failure = await refusal(importInto(here.root, "bad", directory));
  assert.match(failure.message, /is not a file of it/);
});
