import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { needs } from "../../../rig/host.ts";
import { faultyRegistry } from "../../../rig/registry.ts";
import { busyboxRootfs, tinydocker } from "../../../rig/tinydocker.ts";
import { archive } from "../../image/archive/archive.ts";
import { ociLayout, written } from "../../image/layers/saved.ts";
import { stored } from "../../image/pull/rig.ts";

const rig = await tinydocker({ after });
const rootfs = await busyboxRootfs(join(rig.directory, "rootfs"));
chmodSync(rootfs, 0o755);
const BASE = execFileSync("tar", ["-C", rootfs, "--sort=name", "-cf", "-", "."], { maxBuffer: 64 << 20 });
const files = (count: number) =>
  ociLayout({
    layers: [
      BASE,
      archive({ name: ".wh.etc", type: "0" }, { name: "d/", type: "5", mode: 0o755 }, { name: "d/one", content: "1" }),
      ...Array.from({ length: count }, (_, i) => archive({ name: `d/${i}`, content: String(i) })),
      archive(
        { name: "d/.wh.one" },
        { name: "etc/", type: "5", mode: 0o755 },
        { name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\n" },
      ),
    ],
    compress: gzipSync,
    config: {
      Entrypoint: ["/bin/echo"],
      Cmd: ["hello"],
      Env: ["PATH=/bin", "A=b"],
      WorkingDir: "/d",
      User: "root",
      ExposedPorts: { "80/tcp": {} },
    },
  });

const registry = await faultyRegistry({ after }, files(128));
const NAME = `${registry.host}/image`;
const run = (...args: string[]) => rig.run(args, { env: registry.env });
const printed = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(...args);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout;
};

describe("an image of 131 layers from a registry", () => {
  it("is pulled with a line for each layer, and with an event for each for programs", async () => {
    const { code, stdout, stderr } = await run("pull", NAME);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^Digest: sha256:[0-9a-f]{64}\nStatus: Downloaded newer image for (127\.0\.0\.1:\d+\/image:latest)\n\1\n$/,
    );
    assert.equal(stderr.match(/^[0-9a-f]{12}: done$/gm)?.length, 131);
    assert.ok(!`${stdout}${stderr}`.includes("\x1b"));
    const events = (await printed("pull", "--json", NAME))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(events.at(-1), { ...events.at(-1), type: "pulled", name: `${NAME}:latest`, upToDate: true });
    assert.deepEqual(new Set(events.slice(0, -1).map(({ state }) => state)), new Set(["present"]));
  });

  it("is pulled also where nobody reads what is printed, and what can't be printed is said", async () => {
    await printed("rmi", NAME);
    const sh = (script: string) =>
      rig.run(["pull", "--json", NAME], { env: registry.env, prefix: ["bash", "-c", script, "sh"] });
    const piped = await sh('set -o pipefail; "$@" | true');
    assert.deepEqual([piped.code, piped.stderr], [141, ""]);
    assert.match(await printed("images", "-q"), /^[0-9a-f]{12}\n$/);
    const full = await sh('exec "$@" >/dev/full');
    assert.deepEqual([full.code, full.stderr.split(":")[1]], [125, " can't write to standard output"]);
  });

  it("has the same command among those of image, and refuses what is no name of one image", async () => {
    assert.match((await run("image", "pull", NAME)).stdout, /^Status: Image is up to date for /m);
    for (const words of [[], ["a", "b"]]) {
      const { code, stderr } = await run("pull", ...words);
      assert.deepEqual([code, stderr.split("\n")[0]], [125, "tinydocker: pull takes the name of one image"]);
    }
    assert.match((await run("pull", "--platform=x", NAME)).stderr, /pull has no --platform/);
    for (const words of [["pull"], ["image", "pull"]]) assert.match(await printed(...words, "--help"), /--quiet/);
  });

  it("runs with what it says, in docker's order and in ours", async () => {
    assert.equal(await printed("run", "--name", "c1", NAME), "hello\n");
    assert.equal(await printed("run", "--name", "c1", NAME, "other", "words"), "other words\n");
    assert.equal(await printed("run", "--image", NAME, "c1"), "hello\n");
    const script = "pwd; echo $A; ls; ls /etc; id -u; grep -c tinydocker /proc/self/mounts";
    const [directory, variable, ...rest] = (
      await printed("run", "--entrypoint=sh", "--image", NAME, "c1", "-c", script)
    ).split("\n");
    assert.deepEqual([directory, variable], ["/d", "b"]);
    assert.equal(rest.filter((line) => /^\d+$/.test(line)).length >= 128, true);
    assert.ok(
      !rest.includes("one") && !rest.includes("script") && rest.includes("passwd"),
      "what layers remove is gone",
    );
  });

  it("is listed, inspected and described", async () => {
    const [, image] = JSON.parse(await printed("images", "--json"));
    assert.equal(image.name, `${NAME}:latest`);
    assert.match(
      await printed("image", "ls"),
      new RegExp(`^${NAME} +latest +${image.id.slice(7, 19)} .*[\\d.]+[kM]?B$`, "m"),
    );
    assert.match(await printed("images", "--no-trunc"), new RegExp(`^${NAME} +latest +${image.id} `, "m"));
    assert.equal(await printed("images", "-q"), `${image.id.slice(7, 19)}\n`);
    assert.equal(await printed("image", "ls", "-q", "--no-trunc"), `${image.id}\n`);
    const [inspected] = JSON.parse(await printed("image", "inspect", image.id.slice(7, 15)));
    assert.deepEqual([inspected.Id, inspected.RepoTags], [image.id, [`${NAME}:latest`]]);
    assert.deepEqual([inspected.RootFS.Layers.length, inspected.Config.Cmd], [131, ["hello"]]);
    const format = '{{.Id}} {{json .Config.ExposedPorts}} {{index .Config.Labels "none"}}{{len .RootFS.Layers}}';
    const one = `${image.id} {"80/tcp":{}} 131\n`;
    assert.equal(await printed("inspect", "-f", format, NAME), one);
    assert.equal(await printed("image", "inspect", "-f", format, NAME, image.id), one + one);
    assert.match(await printed("history", NAME), /^IMAGE +CREATED +CREATED BY +SIZE +COMMENT$/m);
    assert.equal(await printed("history", "--format", "table", NAME), await printed("history", NAME));
    assert.match(
      await printed("images", "--digests"),
      new RegExp(`^${NAME} +latest +${image.digest} +${image.id.slice(7, 19)} `, "m"),
    );
  });

  it("loses all of its names by its id with --force alone", async () => {
    const id = await printed("images", "-q", "--no-trunc", NAME);
    await printed("tag", NAME, "other:1");
    const refused = await run("rmi", id.trim());
    assert.match(
      refused.stderr,
      /has several names: .*other:1\n {2}remove each by its name, or all of them with --force/s,
    );
    await printed("rmi", "-f", id.trim());
    assert.equal(await printed("images", "-q", "--filter", "dangling=false"), "");
    await printed("pull", "-q", NAME);
  });

  it("loses by a digest all of its names in that repository, and none in another", async () => {
    const [{ digest, id }] = JSON.parse(await printed("images", "--json", NAME));
    await printed("pull", "-q", `${NAME}@${digest}`);
    for (const other of [`${NAME}:two`, "other:1"]) await printed("tag", NAME, other);
    const names = [`${NAME}:latest`, `${NAME}:two`, `${NAME}@${digest}`];
    assert.equal(await printed("rmi", `${NAME}@${digest}`), names.map((name) => `Untagged: ${name}\n`).join(""));
    assert.match((await run("rmi", `${NAME}@${digest}`)).stderr, /there is no image/);
    assert.equal(await printed("rmi", `other@${digest}`), `Untagged: other:1\nDeleted: ${id}\n`);
    await printed("pull", "-q", NAME);
  });

  it("has a layer as long as one of its names or a container needs it", async () => {
    await printed("tag", NAME, "mine:1");
    assert.equal(await printed("run", "--name", "c1", "mine:1"), "hello\n");
    await printed("rmi", NAME);
    assert.equal(await printed("image", "prune"), "removed 0 layers, 0 bytes\n");
    const child = rig.spawn(["run", "-i", "--name", "c2", "--entrypoint", "cat", "mine:1"], { env: registry.env });
    child.stdin?.write("running\n");
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    const refused = await run("rmi", "mine:1");
    assert.deepEqual(
      [refused.code, refused.stderr.split("\n")[0]],
      [125, "tinydocker: the image mine:1 is used by container c2"],
    );
    assert.equal(await printed("image", "prune", "-a"), "removed 0 layers, 0 bytes\n");
    child.stdin?.end();
    await new Promise((resolve) => child.once("close", resolve));
    for (const filter of ["until=1960-01-01", "label=none"])
      assert.doesNotMatch(await printed("image", "prune", "-a", "--filter", filter), /mine/);
    assert.match(await printed("image", "prune", "-f", "--filter", "dangling=true"), /^removed 0 layers/);
    const pruned = await printed("image", "prune", "--filter", "dangling=false", "--filter", "until=0s");
    assert.match(pruned, /^mine:1\nremoved 131 layers, /);
    assert.deepEqual(
      stored(rig.root).filter((name) => !/^names\/[^.]/.test(name)),
      [],
    );
    assert.deepEqual(readdirSync(join(rig.root, "removed")), []);
  });

  it("is not used by a container of another one that has the same layers", async () => {
    for (const [name, config] of Object.entries({ one: { Cmd: ["true"] }, two: { Cmd: ["false"] } })) {
      written(ociLayout({ layers: [BASE], config }), join(rig.directory, name));
      await printed("load", "-q", "-i", join(rig.directory, name), "--name", name);
    }
    await printed("create", "d1", "one:latest");
    await printed("rmi", "two");
    assert.match((await run("rmi", "one")).stderr, /the image one:latest is used by container d1/);
    await printed("rm", "d1");
    await printed("rmi", "one");
  });

  it("is fetched by run and create where it is missing, and its words do not mix with the command's", async () => {
    const missing = await run("run", "c1", `${NAME}:latest`, "fetched");
    assert.deepEqual([missing.code, missing.stdout], [0, "fetched\n"]);
    assert.match(missing.stderr, /^Status: Downloaded newer image for /m);
    assert.equal(await printed("run", "--name", "c1", NAME, "there"), "there\n");
    assert.match(
      (await run("run", "--pull", "always", "c1", `${NAME}:latest`)).stderr,
      /^Status: Image is up to date for /m,
    );
    await printed("rmi", NAME);
    const quiet = await run("run", "-q", "c1", `${NAME}:latest`, "fetched");
    assert.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [0, "fetched\n", ""]);
    await printed("rmi", NAME);
    const created = await run("create", "d1", `${NAME}:latest`);
    assert.deepEqual([created.code, /^[0-9a-f]{64}\n$/.test(created.stdout)], [0, true], created.stderr);
    await printed("rm", "d1");
    await printed("rmi", NAME);
  });

  it("that is not in its registry, or may not be fetched, is not run", async () => {
    const failed = await run("run", "c1", `${registry.host}/nosuch:1`);
    assert.deepEqual([failed.code, failed.stdout], [125, ""]);
    const lines = failed.stderr.split("\n");
    assert.match(lines[0] ?? "", /^tinydocker: can't pull .* answers 404: manifest unknown/);
    assert.deepEqual(lines.slice(-3), [
      `tinydocker: the image ${registry.host}/nosuch:1 was not pulled, so nothing was started`,
      "  available here: host",
      "",
    ]);
    const before = registry.requests.length;
    assert.match(
      (await run("run", "--pull=never", "c1", `${NAME}:latest`)).stderr,
      /there is no image .*; available: host/,
    );
    assert.match((await run("run", "a/b", `${NAME}:latest`)).stderr, /"a\/b" can't be the name of a container/);
    assert.equal(registry.requests.length, before);
  });

  it("is pulled, stacked and removed without root too", async (t) => {
    if (!needs(t, process.geteuid?.() === 0 ? undefined : "root")) return;
    const root = join(rig.directory, "rootless");
    mkdirSync(root);
    chownSync(root, 65_534, 65_534);
    const config = join(rig.directory, "config");
    cpSync(registry.env["XDG_CONFIG_HOME"] ?? "", config, { recursive: true });
    const prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const own = (...args: string[]) =>
      rig.run(args, { env: { HOME: config, XDG_CONFIG_HOME: config, TINYDOCKER_ROOT: root }, prefix });
    assert.deepEqual((await own("pull", "-q", NAME)).stderr, "");
    const script = "ls / /etc /d; echo w >/new && cat /new";
    const { stdout, stderr } = await own("run", "--entrypoint=sh", "--image", NAME, "c1", "-c", script);
    assert.equal(stderr, "");
    assert.ok(
      !/^(one|script)$/m.test(stdout) && /^passwd$/m.test(stdout) && /^127$/m.test(stdout) && stdout.endsWith("w\n"),
      stdout,
    );
    assert.equal((await own("rmi", NAME)).code, 0);
    assert.deepEqual(
      stored(root).filter((name) => !/^names\/127/.test(name)),
      [],
    );
  });

  it("that does not exist is named, with how to get it", async () => {
    const { code, stderr } = await run("run", "--pull", "never", "--name", "c1", "nosuch:1", "true");
    assert.equal(code, 125);
    assert.match(stderr, /there is no image nosuch:1; available: host\n {2}tinydocker pull nosuch:1/);
    assert.match((await run("image", "history", "nosuch")).stderr, /there is no image nosuch/);
    assert.match((await run("tag", "nosuch", "a")).stderr, /there is no image nosuch/);
    assert.match((await run("rmi", "nosuch")).stderr, /there is no image nosuch/);
  });
});
