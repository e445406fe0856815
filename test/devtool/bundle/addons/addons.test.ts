import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { shipAddons } from "../../../../devtool/bundle/addons/addons.ts";
import { type Platform, runsOn } from "../../../../devtool/bundle/addons/files.ts";
import { createBundler } from "../../../../devtool/bundle/bundle.ts";
import { Failure } from "../../../../devtool/failure.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

const run = promisify(execFile);
const signal = new AbortController().signal;
const PROJECT = join(import.meta.dirname, "../../../..");
const HERE: Platform = { platform: "linux", arch: process.arch, libc: "glibc" };

const koffi = async () => {
  const directory = join(PROJECT, "node_modules/koffi");
  const { version } = JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as { version: string };
  return { name: "koffi", version, directory };
};

async function binaries(folder: string): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  return paths.filter((path) => path.endsWith(".node")).sort();
}

test("a bundle with koffi runs beside what was shipped for this platform, and nothing else", async (t) => {
  const root = await temporaryDirectory(t);
  await symlink(join(PROJECT, "node_modules"), join(root, "node_modules"));
  await writeFile(join(root, "package.json"), '{ "type": "module" }');
  await writeFile(join(root, "main.ts"), 'import koffi from "koffi";\nconsole.log(koffi.sizeof("long"));');
  const config = { entryPoints: { main: "main.ts" }, outdir: ".devtool", addons: [], options: {} };
  const bundler = createBundler(root, config);
  t.after(() => bundler.dispose());
  const { addons } = await bundler.build(signal);
  const target = join(root, "target");
  assert.equal(await shipAddons(addons, HERE, target, signal, join(root, "cache")), true);
  await writeFile(join(target, "package.json"), '{ "type": "module" }');
  await writeFile(join(target, "main.js"), await readFile(join(root, ".devtool/main.js")));
  const { stdout } = await run(process.execPath, [join(target, "main.js")]);
  assert.equal(stdout, "8\n");
  const shipped = await readdir(join(target, "node_modules"), { recursive: true });
  assert.deepEqual(
    shipped.filter((path) => /\.(cc|hh|h|c|md|ts)$/.test(path)),
    [],
  );
});

const FOREIGN: readonly (readonly [Platform, number])[] = [
  [{ platform: "linux", arch: "arm64", libc: "glibc" }, 183],
  [{ platform: "linux", arch: "x64", libc: "musl" }, 62],
  [{ platform: "linux", arch: "arm64", libc: "musl" }, 183],
];

for (const [platform, machine] of FOREIGN) {
  const name = `${platform.platform}-${platform.arch}-${platform.libc}`;
  test(`koffi for ${name} comes with exactly that binary`, async (t) => {
    const root = await temporaryDirectory(t);
    await shipAddons([await koffi()], platform, root, signal, join(root, "cache"));
    const found = await binaries(join(root, "node_modules"));
    assert.equal(found.length, 1, found.join(" "));
    const file = join(root, "node_modules", found[0] ?? "");
    const header = await readFile(file);
    assert.equal(header.readUInt16LE(18), machine);
    assert.equal(header.includes("libc.musl-"), platform.libc === "musl");
    assert.equal(await runsOn(file, platform), true);
    assert.equal(await runsOn(file, { ...platform, arch: "s390x" }), false);
    assert.equal(await runsOn(file, { ...platform, libc: platform.libc === "musl" ? "glibc" : "musl" }), false);
  });
}

const LISTED = [
  {
    name: "yargs",
    kind: "without native parts",
    main: 'import yargs from "yargs";\nconsole.log(yargs(["--port", "8"]).parseSync().port);',
  },
  {
    name: "tar-stream",
    kind: "that depends on a native package for Bare, another runtime,",
    main: 'import { pack } from "tar-stream";\nconst tar = pack();\ntar.on("data", (block) => console.log(block.length / 64)).entry({ name: "empty" });',
  },
];

for (const { name, kind, main } of LISTED) {
  test(`a package ${kind} is shipped with its dependencies where the project lists it: ${name}`, async (t) => {
    const root = await temporaryDirectory(t);
    await symlink(join(PROJECT, "node_modules"), join(root, "node_modules"));
    await writeFile(join(root, "package.json"), '{ "type": "module" }');
    await writeFile(join(root, "main.js"), main);
    const config = { entryPoints: { main: "main.js" }, outdir: ".devtool", addons: [name], options: {} };
    const bundler = createBundler(root, config);
    t.after(() => bundler.dispose());
    const { addons, bytes } = await bundler.build(signal);
    assert.ok(bytes < 1_000, `${name} is not in the bundle`);
    const target = join(root, "target");
    await shipAddons(addons, { platform: "linux", arch: "s390x", libc: "musl" }, target, signal, join(root, "cache"));
    await writeFile(join(target, "main.mjs"), await readFile(join(root, ".devtool/main.js")));
    const { stdout } = await run(process.execPath, [join(target, "main.mjs")]);
    assert.equal(stdout, "8\n");
  });
}

test("what was shipped before comes from the cache, and is not written again if it is up to date", async (t) => {
  const root = await temporaryDirectory(t);
  const addons = [await koffi()];
  const cache = join(root, "cache");
  assert.equal(await shipAddons(addons, HERE, join(root, "a"), signal, cache), true);
  assert.equal(await shipAddons(addons, HERE, join(root, "a"), signal, cache), false);
  const gone = [{ name: "koffi", version: addons[0]?.version ?? "", directory: "/nowhere" }];
  assert.equal(await shipAddons(gone, HERE, join(root, "b"), signal, cache), true);
  assert.deepEqual(await readdir(cache), [`koffi-${addons[0]?.version}-linux-${process.arch}-glibc`]);
  assert.equal(await shipAddons([], HERE, join(root, "b"), signal, cache), true);
  assert.deepEqual(await readdir(join(root, "b")), []);
});

/** How the server answers npm, in place of the real registry. */
async function withRegistry(t: TestContext, url: string, work: () => Promise<void>): Promise<void> {
  const before = process.env["npm_config_registry"];
  process.env["npm_config_registry"] = url;
  t.after(() => {
    if (before === undefined) delete process.env["npm_config_registry"];
    else process.env["npm_config_registry"] = before;
  });
  await work();
}

async function packageWithoutBinary(root: string, name: string) {
  const directory = join(root, "node_modules", name);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "package.json"), `{ "name": "${name}", "version": "1.0.0", "gypfile": true }`);
  return { name, version: "1.0.0", directory };
}

test("an unreachable registry is reported with the package and a remedy, and nothing is left in the cache", async (t) => {
  const root = await temporaryDirectory(t);
  const addon = await packageWithoutBinary(root, "devtool-test-addon");
  await withRegistry(t, "http://127.0.0.1:1/", async () => {
    await assert.rejects(shipAddons([addon], HERE, join(root, "out"), signal, join(root, "cache")), (error) => {
      assert.ok(error instanceof Failure);
      assert.match(error.message, /^npm can't get devtool-test-addon@1\.0\.0 for linux-\w+-glibc: ECONNREFUSED: /);
      assert.match(error.remedy ?? "", /^the package registry can't be reached/);
      return true;
    });
  });
  assert.deepEqual(await readdir(join(root, "cache")), []);
});

test("a package that has no binary for the target is reported", async (t) => {
  const root = await temporaryDirectory(t);
  const addon = await packageWithoutBinary(root, "devtool-test-addon");
  const url = await registryOf(t, root);
  await withRegistry(t, url, async () => {
    await assert.rejects(shipAddons([addon], HERE, join(root, "out"), signal, join(root, "cache")), {
      message: `devtool-test-addon@1.0.0 has no native part for linux-${process.arch}-glibc`,
    });
  });
});

/** Serves one package, packed by npm itself. */
async function registryOf(t: TestContext, root: string): Promise<string> {
  await run("npm", ["pack", "--pack-destination", root, join(root, "node_modules/devtool-test-addon")]);
  const tarball = await readFile(join(root, "devtool-test-addon-1.0.0.tgz"));
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const server = createServer((request, response) => {
    if (request.url?.endsWith(".tgz")) return void response.end(tarball);
    const dist = { tarball: `${url}devtool-test-addon-1.0.0.tgz`, integrity };
    const version = { name: "devtool-test-addon", version: "1.0.0", dist };
    response.end(
      JSON.stringify({ name: version.name, "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } }),
    );
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return url;
}
