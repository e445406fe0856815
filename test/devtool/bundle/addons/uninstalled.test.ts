import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { installerOf, uninstalled } from "../../../../devtool/bundle/addons/uninstalled.ts";
import { BundleFailure } from "../../../../devtool/bundle/bundle-failure.ts";
import { loadProject } from "../../../../devtool/config/project.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { bundlerOf, write } from "../bundlers.ts";

const FILES = {
  "package.json": '{ "dependencies": { "@scope/one": "1", "two": "1" } }',
  "src/main.ts": 'import "@scope/one/file.js";\nimport "two";\n',
};

for (const incremental of [false, true]) {
  const kind = incremental ? "an incremental bundle" : "a bundle";
  test(`before its packages are installed ${kind} says so, and not that they could be marked as external`, async (t) => {
    const options = incremental ? { format: "cjs" as const } : {};
    const { root, bundler } = await bundlerOf(t, FILES, { incremental, options });
    const failing = async () => {
      const failure = await bundler.build(t.signal).then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(failure instanceof BundleFailure);
      assert.deepEqual(failure.diagnostics.map(({ text }) => text).sort(), [
        'Could not resolve "@scope/one/file.js"',
        'Could not resolve "two"',
      ]);
      return failure.remedy;
    };
    assert.equal(await failing(), "node_modules is missing: run npm install");
    await mkdir(join(root, "node_modules"));
    assert.equal(await failing(), "package.json names what is not installed, @scope/one, two: run npm install");
  });
}

test("what no package.json names is not installed by npm install, and keeps esbuild's advice", async (t) => {
  const { bundler } = await bundlerOf(t, { ...FILES, "src/main.ts": 'import "three";\nimport "./four";\n' });
  await assert.rejects(bundler.build(t.signal), (failure) => {
    assert.ok(failure instanceof BundleFailure);
    assert.ok(failure.diagnostics.some(({ text }) => text.startsWith('You can mark the path "three" as external')));
    return failure.remedy === undefined;
  });
});

test("a package that is installed is not said to be missing: one of the workspace may have to be built, a path of it may not exist", async (t) => {
  const { root, bundler } = await bundlerOf(t, {
    "package.json": '{ "dependencies": { "own": "workspace:*", "two": "1" } }',
    "src/main.ts": 'import "own";\n',
    "packages/own/package.json": '{ "name": "own", "main": "dist/index.js" }',
    "node_modules/two/package.json": '{ "name": "two", "main": "index.js" }',
    "node_modules/two/index.js": "",
  });
  await symlink("../packages/own", join(root, "node_modules/own"));
  const remedy = "own is installed without the files that its package.json names: build it first";
  await assert.rejects(bundler.build(t.signal), { remedy });
  await write(root, { "src/main.ts": 'import "two/tow.js";\n' });
  await assert.rejects(bundler.build(t.signal), (failure) => {
    return failure instanceof BundleFailure && failure.remedy === undefined;
  });
});

test("packages are installed by what wrote the lock file, of the project or of the workspace it is part of", async (t) => {
  const top = await temporaryDirectory(t);
  const root = join(top, "packages/app");
  await write(root, FILES);
  const errors = [{ file: join(root, "src/main.ts"), text: 'Could not resolve "two"' }];
  for (const [file, installer] of [
    ["bun.lock", "bun"],
    ["yarn.lock", "yarn"],
    ["pnpm-lock.yaml", "pnpm"],
  ] as const) {
    await write(top, { [file]: "" });
    assert.equal(uninstalled(root, errors), `node_modules is missing: run ${installer} install`);
  }
  await write(root, { "package.json": '{ "packageManager": "yarn@4.1.0" }' });
  assert.equal(installerOf(root), "yarn");
});

test("a configuration that imports what is not installed says so", async (t) => {
  const root = await temporaryDirectory(t);
  const config = 'import two from "two";\nexport default { run: [two] };\n';
  await write(root, { ...FILES, "devtool.config.ts": config });
  await assert.rejects(loadProject(undefined, root), { remedy: "node_modules is missing: run npm install" });
});
