import assert from "node:assert/strict";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { npmCommand } from "../../../../devtool/bundle/addons/npm.ts";
import type { Platform } from "../../../../devtool/bundle/addons/package.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { write } from "../bundlers.ts";
import { elf, type Registry, setVariable, startRegistry } from "./registry.ts";
import { HERE, shipperOf } from "./shipped.ts";

const X64: Platform = { ...HERE, arch: "x64" };
const ARM64: Platform = { ...HERE, arch: "arm64" };
const MUSL: Platform = { ...X64, libc: "musl" };

const forPlatform = (arch: "x64" | "arm64", libc: "glibc" | "musl") => ({
  "package.json": JSON.stringify({ os: ["linux"], cpu: [arch], libc: [libc] }),
  "addon.node": elf(arch, libc),
});
const VERSIONS = {
  "@x/addon-linux-x64-gnu": "^1.0.0",
  "@x/addon-linux-x64-musl": "1.1.0",
  "@x/addon-linux-arm64-gnu": "1.1.0",
};
const PACKAGES = {
  "addon@1.1.0": { "package.json": JSON.stringify({ optionalDependencies: VERSIONS }), "index.js": "" },
  "@x/addon-linux-x64-gnu@1.0.0": forPlatform("x64", "glibc"),
  "@x/addon-linux-x64-gnu@1.1.0": forPlatform("x64", "glibc"),
  "@x/addon-linux-x64-musl@1.1.0": forPlatform("x64", "musl"),
  "@x/addon-linux-arm64-gnu@1.1.0": forPlatform("arm64", "glibc"),
};

/** A project that npm installed for another machine than the target, as on macOS. */
async function installedForMac(t: TestContext, packages: object = {}): Promise<{ root: string; registry: Registry }> {
  const registry = await startRegistry(t, { ...PACKAGES, ...packages });
  const root = await temporaryDirectory(t);
  await write(root, {
    "package.json": '{ "type": "module", "dependencies": { "addon": "1.1.0" } }',
    "src/main.js": 'import "addon";',
  });
  await registry.run("npm", ["install", "--os=darwin", "--cpu=arm64"], root);
  registry.asked.length = 0;
  return { root, registry };
}

test("the part for the target comes from the registry in the version of the lock file, once", async (t) => {
  const { root, registry } = await installedForMac(t);
  for (const [target, part] of [
    [X64, "@x/addon-linux-x64-gnu"],
    [MUSL, "@x/addon-linux-x64-musl"],
    [ARM64, "@x/addon-linux-arm64-gnu"],
    [X64, "@x/addon-linux-x64-gnu"],
  ] as const) {
    const { files } = await shipperOf(t, root, [], { target })();
    assert.deepEqual(
      files.filter((path) => path.endsWith(".node")),
      [`${part}/addon.node`],
    );
  }
  const tarballs = registry.asked.filter((path) => path.endsWith(".tgz"));
  assert.deepEqual(tarballs.map((path) => path.replace(/.*\//, "")).sort(), [
    "addon-linux-arm64-gnu-1.1.0.tgz",
    "addon-linux-x64-gnu-1.1.0.tgz",
    "addon-linux-x64-musl-1.1.0.tgz",
  ]);
});

test("npm's global settings count, such as the registry", async (t) => {
  const { root, registry } = await installedForMac(t);
  const prefix = await temporaryDirectory(t);
  await write(prefix, { "etc/npmrc": `registry=${registry.url}\n`, npmrc: "" });
  // Of the npm that runs the tests; empty ones count for nothing.
  for (const name of ["registry", "globalconfig", "prefix", "global_prefix"]) setVariable(t, `npm_config_${name}`, "");
  setVariable(t, "npm_config_userconfig", join(prefix, "npmrc"));
  setVariable(t, "PREFIX", prefix);
  assert.ok((await shipperOf(t, root, [], { target: ARM64 })()).files.includes("@x/addon-linux-arm64-gnu/addon.node"));
});

test("a registry that fails for a moment is named, not the package, and nothing stays in the cache", async (t) => {
  const { root, registry } = await installedForMac(t);
  const ship = shipperOf(t, root, [], { target: ARM64 });
  for (const name of ["@x/addon-linux-arm64-gnu", "@x/addon-linux-arm64-gnu/-/addon-linux-arm64-gnu-1.1.0.tgz"]) {
    registry.failing.add(name);
    await assert.rejects(ship(), (error: Error & { code?: string }) => {
      assert.equal(error.code, "registry-unreachable", error.message);
      assert.match(error.message, /^npm can't get @x\/addon-linux-arm64-gnu@1\.1\.0 for linux-arm64-glibc: E503: /);
      return true;
    });
    registry.failing.clear();
    assert.deepEqual(await readdir(join(root, "cache")), []);
  }
  assert.ok((await ship()).files.includes("@x/addon-linux-arm64-gnu/addon.node"));
});

test("an error of this machine's file system is a failure that names the path, not a bug", async (t) => {
  const { root } = await installedForMac(t);
  await write(root, { cache: "a file" });
  await assert.rejects(shipperOf(t, root, [], { target: ARM64 })(), (error: Error & { code?: string }) => {
    assert.equal(error.code, "package-unavailable");
    assert.match(error.message, /^can't ship packages: .*\/cache\/\..*: not a directory \(ENOTDIR\)$/);
    return true;
  });
});

test("a package that has no part for the target is named; where it is optional it is left out, and that is said", async (t) => {
  const { root } = await installedForMac(t);
  const target = { ...HERE, arch: "s390x" };
  const message = "addon@1.1.0 has no native part for linux-s390x-glibc";
  await assert.rejects(shipperOf(t, root, [], { target })(), { code: "package-unavailable", message });
  await write(root, {
    "src/main.js": 'import "may";',
    "node_modules/may/package.json": '{ "optionalDependencies": { "addon": "*" } }',
    "node_modules/may/index.js": "try { require('addon') } catch {}",
  });
  const { files, notices } = await shipperOf(t, root, [], { target })();
  assert.deepEqual([files, notices], [[], [`left out, since it is optional: ${message}`]]);
});

test("of binaries in a package only those for the target are shipped", async (t) => {
  const root = await temporaryDirectory(t);
  await write(root, {
    "package.json": '{ "type": "module" }',
    "src/main.js": 'import "addon";',
    "node_modules/addon/package.json": '{ "name": "addon", "version": "2.0.0", "gypfile": true }',
    "node_modules/addon/index.js": "",
    "node_modules/addon/binding.gyp": "{}",
  });
  const prebuilds = {
    "build/Release/addon.node": elf("arm64", "glibc"),
    "prebuilds/freebsd-x64/node.glibc.node": elf("x64", "glibc", 9),
    "prebuilds/linux-x64/node.musl.node": elf("x64", "musl"),
    "prebuilds/linux-x64/node.glibc.node": elf("x64", "glibc"),
  };
  for (const [path, content] of Object.entries(prebuilds))
    await write(root, { [`node_modules/addon/${path}`]: content });
  const binaries = async (target: Platform) =>
    (await shipperOf(t, root, [], { target })()).files.filter((path) => path.endsWith(".node"));
  assert.deepEqual(await binaries(X64), ["addon/prebuilds/linux-x64/node.glibc.node"]);
  assert.deepEqual(await binaries(MUSL), ["addon/prebuilds/linux-x64/node.musl.node"]);
});

test("a binary that was compiled for another Node.js is compiled again, and what came of it kept for the next time", async (t) => {
  const root = await temporaryDirectory(t);
  await write(root, {
    "package.json": '{ "type": "module" }',
    "src/main.js": 'import "addon";',
    "node_modules/addon/package.json": '{ "name": "addon", "version": "2.0.0", "dependencies": { "headers": "1" } }',
    "node_modules/addon/index.js": "",
    "node_modules/addon/binding.gyp": "{}",
    "node_modules/addon/build/Release/addon.node": elf("x64", "glibc"),
    "node_modules/headers/package.json": "{}",
    "node_modules/headers/api.h": "",
  });
  const compiled: string[][] = [];
  const compile = (source: { files: ReadonlyMap<string, string> }) => {
    compiled.push([...source.files.keys()]);
    const content = Buffer.from("made there");
    return Promise.resolve([{ path: "build/Release/addon.node", content, isExecutable: true }]);
  };
  const ship = (node: string) => shipperOf(t, root, [], { target: { ...X64, node }, compile })();
  assert.deepEqual(
    (await ship(process.version)).files.filter((path) => path.endsWith(".node")),
    ["addon/build/Release/addon.node"],
  );
  assert.equal(compiled.length, 0);
  for (let count = 0; count < 2; count++)
    assert.ok((await ship("v1.0.0")).files.includes("addon/build/Release/addon.node"));
  assert.deepEqual(compiled, [
    [
      "node_modules/addon/binding.gyp",
      "node_modules/addon/index.js",
      "node_modules/addon/package.json",
      "node_modules/headers/api.h",
      "node_modules/headers/package.json",
    ],
  ]);
  await write(root, { "node_modules/headers/api.h": "patched" });
  await ship("v1.0.0");
  assert.equal(compiled.length, 2);
});

test("a program that an install script downloads is that for the target, and one that no script brings is left out", async (t) => {
  const root = await temporaryDirectory(t);
  const forMac = Buffer.from("cffaedfe0c000001", "hex");
  await write(root, {
    "package.json": '{ "type": "module" }',
    "src/main.js": 'import "tool";\nimport "notifier";',
    "node_modules/tool/package.json": '{ "name": "tool", "version": "1.0.0", "scripts": { "install": "node get.js" } }',
    "node_modules/tool/index.js": "module.exports = __dirname + '/tool';",
    "node_modules/tool/get.js": "",
    "node_modules/tool/tool": forMac,
    "node_modules/notifier/package.json": '{ "name": "notifier", "version": "1.0.0" }',
    "node_modules/notifier/index.js": "module.exports = __dirname + '/vendor/notify';",
    "node_modules/notifier/vendor/notify": forMac,
  });
  const made = { path: "tool", content: elf("x64", "glibc"), isExecutable: true };
  const { files } = await shipperOf(t, root, [], { target: X64, compile: () => Promise.resolve([made]) })();
  assert.deepEqual(files, [
    "notifier/index.js",
    "notifier/package.json",
    "tool/get.js",
    "tool/index.js",
    "tool/package.json",
    "tool/tool",
  ]);
  const { mode } = await stat(join(root, ".devtool/node_modules/tool/tool"));
  assert.equal(mode & 0o777, 0o755);
});

test("packages of one name and version from two registries are not mixed up", async (t) => {
  const first = await installedForMac(t);
  await shipperOf(t, first.root, [], { target: ARM64 })();
  const second = await startRegistry(t, {
    ...PACKAGES,
    "@x/addon-linux-arm64-gnu@1.1.0": { ...forPlatform("arm64", "glibc"), "other.txt": "" },
  });
  await rm(join(first.root, ".devtool"), { recursive: true });
  const { files } = await shipperOf(t, first.root, [], { target: ARM64 })();
  assert.ok(second.asked.length > 0 && files.includes("@x/addon-linux-arm64-gnu/other.txt"), files.join());
});

test("npm is looked for beside Node.js and in the PATH, and what it is needed for is named where it is not installed", async (t) => {
  const root = await temporaryDirectory(t);
  await write(root, { "bin/npm-cli.js": "", "shim/npm": "" });
  assert.throws(() => npmCommand("x@1", ARM64, { PATH: "" }, join(root, "node")), {
    code: "npm-missing",
    message: "npm, which gets x@1 for linux-arm64-glibc, is not installed on this machine",
  });
  const find = (env: NodeJS.ProcessEnv) => npmCommand("x@1", ARM64, env, join(root, "node")).at(-1);
  assert.equal(find({ PATH: `/nowhere:${join(root, "shim")}` }), join(root, "shim/npm"));
  assert.equal(find({ npm_execpath: join(root, "bin/npm-cli.js") }), join(root, "bin/npm-cli.js"));
  await write(root, { "node_modules/npm/bin/npm-cli.js": "" });
  assert.equal(find({ PATH: "/nowhere" }), join(root, "node_modules/npm/bin/npm-cli.js"));
});

test("a binary for a newer glibc than the target's is built there where it can be, else both versions are named", async (t) => {
  const root = await temporaryDirectory(t);
  const binary = Buffer.concat([elf("x64", "glibc"), Buffer.from("GLIBC_2.2.5\0GLIBC_2.38\0GLIBC_2.4\0")]);
  const files = { "package.json": '{ "type": "module" }', "src/main.js": 'import "own";' };
  const own = { "package.json": '{ "name": "own", "version": "1.0.0" }', "index.js": "", "own.node": binary };
  const below = Object.entries(own).map(([path, content]) => [`node_modules/own/${path}`, content] as const);
  await write(root, { ...files, ...Object.fromEntries(below) });
  const compiled: string[] = [];
  const compile = ({ name }: { name: string }) => {
    compiled.push(name);
    return Promise.resolve([{ path: "build/own.node", content: elf("x64", "glibc"), isExecutable: false }]);
  };
  const ship = (glibc: string | undefined) => shipperOf(t, root, ["own"], { target: { ...X64, glibc }, compile })();
  for (const glibc of ["2.38", "2.40", undefined])
    assert.ok((await ship(glibc)).files.includes("own/own.node"), String(glibc));
  await assert.rejects(ship("2.9"), {
    code: "package-unavailable",
    message: "own@1.0.0 was built for glibc 2.38 or newer, and the target has 2.9",
    remedy: /^give it an install script/,
  });
  await write(root, { "node_modules/own/binding.gyp": "{}" });
  const { files: shipped } = await ship("2.36");
  assert.deepEqual([compiled, shipped.filter((path) => path.endsWith(".node"))], [["own"], ["own/build/own.node"]]);
});

test("an add-on for a newer libstdc++ than the target's is built there too, else both versions are named", async (t) => {
  const root = await temporaryDirectory(t);
  const needs = (version: string) => Buffer.concat([elf("x64", "glibc"), Buffer.from(`GLIBCXX_3.4.9\0${version}\0`)]);
  await write(root, {
    "package.json": '{ "type": "module" }',
    "src/main.js": 'import "own";',
    "node_modules/own/package.json": '{ "name": "own", "version": "1.0.0" }',
    "node_modules/own/index.js": "",
    "node_modules/own/own.node": needs("GLIBCXX_3.4.32"),
    "node_modules/own/program": needs("GLIBCXX_3.4.40"),
  });
  const compile = () =>
    Promise.resolve([{ path: "build/own.node", content: elf("x64", "glibc"), isExecutable: false }]);
  const ship = (libstdcxx: string | undefined) =>
    shipperOf(t, root, ["own"], { target: { ...X64, libstdcxx }, compile })();
  for (const libstdcxx of ["3.4.32", "3.4.33", undefined])
    assert.ok((await ship(libstdcxx)).files.includes("own/own.node"), String(libstdcxx));
  await rm(join(root, "node_modules/own/program"));
  await assert.rejects(ship("3.4.30"), {
    code: "package-unavailable",
    message: "own@1.0.0 was built for libstdc++ GLIBCXX_3.4.32 or newer, and the target has GLIBCXX_3.4.30",
    remedy: /^give it an install script/,
  });
  await write(root, { "node_modules/own/binding.gyp": "{}" });
  const { files } = await ship("3.4.30");
  assert.deepEqual(
    files.filter((path) => path.endsWith(".node")),
    ["own/build/own.node"],
  );
});

test("an add-on for the C++ ABI of a newer compiler is named too where it needs nothing else that is newer", async (t) => {
  const root = await temporaryDirectory(t);
  await write(root, {
    "package.json": '{ "type": "module" }',
    "src/main.js": 'import "own";',
    "node_modules/own/package.json": '{ "name": "own", "version": "1.0.0" }',
    "node_modules/own/index.js": "",
    "node_modules/own/own.node": Buffer.concat([
      elf("x64", "glibc"),
      Buffer.from("GLIBCXX_3.4.21\0CXXABI_1.3.9\0CXXABI_1.3.15\0CXXABI_FLOAT128\0"),
    ]),
  });
  const ship = (libstdcxx: string) => shipperOf(t, root, ["own"], { target: { ...X64, libstdcxx } })();
  for (const libstdcxx of ["3.4.33", "3.4.99"])
    assert.ok((await ship(libstdcxx)).files.includes("own/own.node"), libstdcxx);
  for (const [libstdcxx, abi] of [
    ["3.4.32", "1.3.14"],
    ["3.4.30", "1.3.13"],
  ] as const)
    await assert.rejects(ship(libstdcxx), {
      code: "package-unavailable",
      message: `own@1.0.0 was built for libstdc++ CXXABI_1.3.15 or newer, and the target has CXXABI_${abi}`,
    });
});

test("a part from the registry that was built for newer libraries than the target's is named before the program runs", async (t) => {
  const name = "@x/addon-linux-arm64-gnu";
  const part = forPlatform("arm64", "glibc");
  const newer = {
    ...part,
    "addon.node": Buffer.concat([part["addon.node"], Buffer.from("GLIBC_2.38\0GLIBCXX_3.4.32\0")]),
  };
  const { root } = await installedForMac(t, { [`${name}@1.1.0`]: newer });
  const ship = (glibc: string, libstdcxx: string) =>
    shipperOf(t, root, [], { target: { ...ARM64, glibc, libstdcxx } })();
  const refused = (needed: string, there: string) => ({
    code: "package-unavailable",
    message: `${name}@1.1.0 was built for ${needed} or newer, and the target has ${there}`,
  });
  await assert.rejects(ship("2.36", "3.4.32"), refused("glibc 2.38", "2.36"));
  await assert.rejects(ship("2.38", "3.4.30"), refused("libstdc++ GLIBCXX_3.4.32", "GLIBCXX_3.4.30"));
  assert.ok((await ship("2.38", "3.4.32")).files.includes(`${name}/addon.node`));
});
