import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { readBlob } from "../../../../runtime/image/content/blobs.ts";
import { resolveImage } from "../../../../runtime/image/resolve.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { type Registry, registryLacks, startRegistry } from "../../../rig/registry.ts";
import { tinydocker } from "../../../rig/tinydocker.ts";
import { archive, pax } from "../archive/archive.ts";
import { ociLayout, written } from "../layers/saved.ts";
import { snapshot } from "../rig.ts";

const missing =
  process.geteuid?.() === 0 ? ["podman", "umoci"].find((program) => !existsSync(`/usr/bin/${program}`)) : "root";
const lacks = registryLacks() ?? missing;

const dir = (name: string, mode = 0o755) => ({ name, type: "5", mode });
const LAYERS = [
  archive(
    dir("./"),
    dir("bin/"),
    { name: "bin/sh", content: "#!", mode: 0o4755, uid: 7, gid: 8 },
    dir("d/", 0o1777),
    { name: "d/old", content: "1" },
    { name: "gone", content: "2" },
    { name: "link", type: "2", target: "bin/sh" },
    { name: "again", type: "1", target: "bin/sh" },
    dir("replaced/"),
    { name: "replaced/in", content: "3" },
    { name: "file", content: "4" },
  ),
  archive(
    dir("./"),
    { name: ".wh.gone" },
    dir("d/", 0o1777),
    { name: "d/.wh..wh..opq" },
    { name: "d/new", content: "5" },
    { name: "replaced", content: "6" },
    dir("file/"),
    { name: "file/in", content: "7" },
    pax({ "SCHILY.xattr.user.a": "b" }),
    { name: "with", content: "8" },
  ),
  archive(dir("./"), dir("d/", 0o1777), { name: "d/.wh.new" }, { name: "d/newer", content: "9" }),
];
const LAYER = "application/vnd.oci.image.layer.v1.tar";
const CONFIG = { Cmd: ["/bin/sh"], Env: ["A=b"], Labels: { l: "v" }, ExposedPorts: { "80/tcp": {} } };

const cleanups: (() => Promise<void>)[] = [];
const scope = { after: (cleanup: () => Promise<void>) => void cleanups.push(cleanup) };
const exec = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
let rig: Awaited<ReturnType<typeof tinydocker>>;
let registry: Registry;
let directory: string;
let id: string;
let digest: string;

const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await rig.run(args, { env: registry.env });
  assert.equal(code, 0, stderr);
  return stdout;
};
const images = async () => JSON.parse(await run("images", "--json")) as { name: string; id: string; digest: string }[];
/** Its --runroot may have 50 characters. */
const podman = (...args: string[]) =>
  exec(
    "podman",
    "--root",
    join(directory, "podman"),
    "--runroot",
    join(directory, "r"),
    "--storage-driver",
    "vfs",
    ...args,
  );
const skopeo = (...args: string[]) => exec("skopeo", args[0] ?? "", "--insecure-policy", ...args.slice(1));

describe("an image that", () => {
  before(async () => {
    if (lacks !== undefined) return;
    rig = await tinydocker(scope);
    registry = await startRegistry(scope);
    directory = await temporaryDirectory(scope);
    written(
      ociLayout({ layers: LAYERS, compress: gzipSync, layerType: `${LAYER}+gzip`, config: CONFIG }),
      join(directory, "layout"),
    );
    await registry.push(join(directory, "layout"), "some/image:1");
    await run("pull", "-q", `${registry.host}/some/image:1`);
    await run("tag", `${registry.host}/some/image:1`, "mine/image:1");
    [, { id, digest }] = (await images()) as [object, { id: string; digest: string }];
  });
  after(async () => {
    for (const cleanup of cleanups.toReversed()) await cleanup();
  });

  it("is saved as an archive is what podman and skopeo load, with the same id", async (t) => {
    if (!needs(t, lacks)) return;
    const file = join(directory, "saved.tar");
    await run("save", "-o", file, "mine/image:1");
    podman("load", "-q", "-i", file);
    assert.equal(
      podman("images", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}").trim(),
      `${id} docker.io/mine/image:1`,
    );
    assert.equal(JSON.parse(skopeo("inspect", "--config", `docker-archive:${file}`)).config.Labels.l, "v");
    const listed = exec("tar", "-tf", file).trim().split("\n");
    assert.deepEqual(listed.slice(-3), ["oci-layout", "index.json", "manifest.json"]);
    assert.equal(skopeo("inspect", "--format", "{{.Digest}}", `oci-archive:${file}:1`).trim(), digest);
  });

  it("is saved into a directory is what umoci unpacks to the files that a container sees, and the blobs are those that came", async (t) => {
    if (!needs(t, lacks)) return;
    const layout = join(directory, "saved");
    mkdirSync(layout);
    await run("save", "-o", layout, "mine/image:1");
    for (const name of readdirSync(join(directory, "layout/blobs/sha256")))
      assert.deepEqual(
        readFileSync(join(layout, "blobs/sha256", name)),
        readFileSync(join(directory, "layout/blobs/sha256", name)),
        name,
      );
    exec("umoci", "unpack", "--image", `${layout}:1`, join(directory, "bundle"));
    const mount = join(directory, "mount");
    mkdirSync(mount);
    const lower = resolveImage(rig.root, "mine/image:1").layers.join(":");
    exec("mount", "-t", "overlay", "overlay", "-o", `ro,lowerdir=${lower}`, mount);
    try {
      assert.deepEqual(snapshot(mount), snapshot(join(directory, "bundle/rootfs")));
      assert.equal(
        exec("python3", "-c", "import os, sys; print(os.getxattr(sys.argv[1], 'user.a'))", join(mount, "with")),
        "b'b'\n",
      );
    } finally {
      exec("umount", mount);
    }
  });

  it("is saved under two names, and one of docker.io without a host, is one image of docker's list, and podman has all names", async (t) => {
    if (!needs(t, lacks)) return;
    await run("tag", "mine/image:1", "one:1");
    const file = join(directory, "two.tar");
    await run("save", "-o", file, "mine/image:1", "one:1", "one:1");
    const list = JSON.parse(exec("tar", "-xOf", file, "manifest.json"));
    assert.deepEqual(
      list.map(({ RepoTags }: { RepoTags: string[] }) => RepoTags),
      [["docker.io/mine/image:1", "docker.io/library/one:1"]],
    );
    podman("rmi", "-a", "-f");
    podman("load", "-q", "-i", file);
    const names = podman("images", "--format", "{{.Repository}}:{{.Tag}}").trim().split("\n").sort();
    assert.deepEqual(names, ["docker.io/library/one:1", "docker.io/mine/image:1"]);
    await run("rmi", "one:1");
  });

  it("is saved by a name without a tag is saved under all of its tags, or by its id", async (t) => {
    if (!needs(t, lacks)) return;
    for (const name of ["several:1", "several:2", "several/more:1"]) await run("tag", "mine/image:1", name);
    const namesIn = async (name: string) => {
      const file = join(directory, "several.tar");
      await run("save", "-o", file, name);
      return JSON.parse(exec("tar", "-xOf", file, "manifest.json"))[0].RepoTags;
    };
    const both = ["docker.io/library/several:1", "docker.io/library/several:2"];
    for (const name of ["several", "docker.io/several", "library/several"]) assert.deepEqual(await namesIn(name), both);
    assert.deepEqual(await namesIn("several:2"), both.slice(1));
    assert.equal((await namesIn(id.slice(7, 19))).length, 1);
    await run("rmi", "several:1", "several:2", "several/more:1");
  });

  it("is saved into a layout that has others replaces only what has its name there", async (t) => {
    if (!needs(t, lacks)) return;
    const layout = join(directory, "shared");
    skopeo("copy", "-q", `oci:${directory}/layout`, `oci:${layout}:theirs`);
    skopeo("copy", "-q", `oci:${directory}/layout`, `oci:${layout}:4`);
    for (const name of ["ours:1", "ours:4", "again:1"]) {
      await run("tag", "mine/image:1", name);
      await run("save", "-o", layout, name);
    }
    await run("save", "-o", layout, "ours:1");
    const { manifests } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
    assert.deepEqual(
      manifests.map(({ annotations }: { annotations: Record<string, string> }) => [
        annotations["org.opencontainers.image.ref.name"],
        annotations["io.containerd.image.name"],
      ]),
      [
        ["theirs", undefined],
        ["4", "docker.io/library/ours:4"],
        ["1", "docker.io/library/again:1"],
        ["1", "docker.io/library/ours:1"],
      ],
    );
    const [image, ...others] = JSON.parse(readFileSync(join(layout, "manifest.json"), "utf8"));
    assert.deepEqual(others, []);
    assert.deepEqual(
      image.RepoTags,
      ["ours:4", "again:1", "ours:1"].map((name) => `docker.io/library/${name}`),
    );
    assert.equal(skopeo("inspect", "--format", "{{.Digest}}", `oci:${layout}:theirs`).trim(), digest);
    exec("umoci", "tag", "--image", `${layout}:theirs`, "more");
    await run("rmi", "ours:1", "ours:4", "again:1");
    const loaded = await run("load", "-q", "-i", layout);
    const names = loaded
      .trim()
      .replace(/^Loaded image: /gm, "")
      .split("\n");
    assert.deepEqual(names, ["theirs:latest", "ours:4", "again:1", "ours:1", "more:latest"]);
    writeFileSync(join(layout, "index.json"), "{}");
    const refused = await rig.run(["save", "-o", layout, "ours:1"], { env: registry.env });
    assert.match(refused.stderr, /can't add to what .*index\.json lists: it is damaged/);
    await run("rmi", ...names);
  });

  it("podman and skopeo saved is loaded with the same id, in each of their formats", async (t) => {
    if (!needs(t, lacks)) return;
    podman("pull", "-q", "--tls-verify=false", `${registry.host}/some/image:1`);
    podman("tag", `${registry.host}/some/image:1`, "docker.io/other/image:2");
    for (const format of ["docker-archive", "oci-archive", "oci-dir"]) {
      const file = join(directory, format);
      podman("save", "-q", "--format", format, "-o", file, "docker.io/other/image:2");
      assert.equal(
        await run("load", "-q", "-i", file, "--name", `other/image:${format}`),
        `Loaded image: other/image:${format}\n`,
      );
    }
    const file = join(directory, "skopeo.tar");
    skopeo("copy", "-q", `oci:${directory}/layout`, `docker-archive:${file}:skopeo/image:3`);
    assert.equal(await run("load", "-i", file), "Loaded image: skopeo/image:3\n");
    const ids = (await images()).filter(({ name }) => /^(other|skopeo)\//.test(name)).map((image) => image.id);
    assert.deepEqual(ids, [id, id, id, id]);
  });

  it("umoci made, whose last file is not filled up to a block, is loaded", async (t) => {
    if (!needs(t, lacks)) return;
    const layout = join(directory, "umoci");
    const file = join(directory, "inserted");
    writeFileSync(file, "not a block");
    exec("umoci", "init", "--layout", layout);
    exec("umoci", "new", "--image", `${layout}:made`);
    exec("umoci", "insert", "--image", `${layout}:made`, file, "/etc/file");
    assert.equal(await run("load", "-q", "-i", layout), "Loaded image: made:latest\n");
    const [layer = ""] = resolveImage(rig.root, "made").layers;
    assert.equal(readFileSync(join(layer, "etc/file"), "utf8"), "not a block");
    await run("rmi", "made");
  });

  it("is pushed has the digest that it had, and what a registry has is not sent again", async (t) => {
    if (!needs(t, lacks)) return;
    await run("tag", "mine/image:1", `${registry.host}/pushed/image:4`);
    const first = await rig.run(["push", `${registry.host}/pushed/image:4`], { env: registry.env });
    const line = `digest: ${digest} size: ${readBlob(rig.root, digest)?.length}\n`;
    assert.equal(first.stdout || first.stderr, `4: ${line}`);
    const pinned = `${registry.host}/pushed/image@${digest}\n`;
    assert.equal(await run("inspect", "-f", "{{index .RepoDigests 0}}", `${registry.host}/pushed/image:4`), pinned);
    await run("tag", "mine/image:1", `${registry.host}/pushed/image:5`);
    const all = await rig.run(["push", "-a", `${registry.host}/pushed/image`], { env: registry.env });
    assert.equal(all.stdout || all.stderr, `4: ${line}5: ${line}`);
    const refused = await rig.run(["push", "-a", `${registry.host}/pushed/image:5`], { env: registry.env });
    assert.match(refused.stderr, /--all-tags is for a name without a tag, not /);
    await run("rmi", `${registry.host}/pushed/image:5`);
    const again = await rig.run(["push", `${registry.host}/pushed/image:4`], { env: registry.env });
    assert.match(again.stderr, /^(?:[0-9a-f]{12}: here already\n){3}$/);
    const name = `docker://${registry.host}/pushed/image:4`;
    assert.equal(skopeo("inspect", "--tls-verify=false", "--format", "{{.Digest}}", name).trim(), digest);
    assert.equal(
      podman("pull", "-q", "--tls-verify=false", `${registry.host}/pushed/image:4`).trim(),
      id.slice("sha256:".length),
    );
  });

  it("comes from a pipe, compressed, is loaded; and one is written to a pipe", async (t) => {
    if (!needs(t, lacks)) return;
    const { stdout, code } = await rig.run(["save", "mine/image:1"], {
      env: registry.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    assert.equal(code, 0);
    assert.ok(stdout.includes("manifest.json"));
    const file = join(directory, "piped.tar");
    await run("save", "-o", file, "mine/image:1");
    const compressed = gzipSync(readFileSync(file));
    assert.deepEqual(gunzipSync(compressed).length, statSync(file).size);
    await run("rmi", "mine/image:1");
    const loaded = await rig.run(["load", "-q"], { env: registry.env, input: compressed });
    assert.deepEqual([loaded.code, loaded.stdout], [0, "Loaded image: mine/image:1\n"]);
  });
});
