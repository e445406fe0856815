import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createBundler } from "../../../devtool/bundle/bundle.ts";
import { BundleFailure } from "../../../devtool/bundle/bundle-failure.ts";
import { needs } from "../../rig/host.ts";
import { lacks } from "../rig.ts";
import { bundlerOf, write } from "./bundlers.ts";

const run = promisify(execFile);
const signal = new AbortController().signal;

test("a bundle runs, with packages of either kind in it", async (t) => {
  const { root, bundler } = await bundlerOf(t, {
    "src/main.ts":
      'import { a } from "./a.ts";\nimport esm from "esm";\nimport cjs from "cjs";\nconsole.log(a as string, esm, cjs.home);',
    "src/a.ts": 'export const a: string = "a";',
    "node_modules/esm/package.json": '{ "type": "module", "exports": "./i.js" }',
    "node_modules/esm/i.js": "export default 'esm';",
    "node_modules/cjs/package.json": '{ "main": "i.js" }',
    "node_modules/cjs/i.js": "exports.home = typeof require('node:os').homedir;",
    "package.json": '{ "type": "module" }',
  });
  const bundle = await bundler.build(signal);
  assert.deepEqual(bundle.changed, [".devtool/main.js.map", ".devtool/main.js", ".devtool/package.json"]);
  assert.deepEqual(
    bundle.inputs.filter((path) => !/^(node_modules\/)?\./.test(path)).toSorted(), // without what tells of an installation
    ["src/a.ts", "src/main.ts"],
  );
  assert.deepEqual(bundle.apart.addons, []);
  const { stdout } = await run(process.execPath, [join(root, ".devtool/main.js")]);
  assert.equal(stdout, "a esm function\n");
});

for (const incremental of [false, true])
  test(`an add-on of the project's own is left where it is, for ${incremental ? "an incremental bundle" : "outputs in any folder"}`, async (t) => {
    const files = {
      "src/main.ts": 'import addon, { f } from "./own/addon.node";\nconsole.log(addon.f(), f());',
      "src/own/addon.c": `#include <node_api.h>
static napi_value F(napi_env env, napi_callback_info info) { napi_value v; napi_create_int32(env, 42, &v); return v; }
NAPI_MODULE_INIT() { napi_value f; napi_create_function(env, "f", 1, F, 0, &f); napi_set_named_property(env, exports, "f", f); return exports; }`,
    };
    const options = incremental ? { format: "cjs" as const } : {};
    const { root, bundler } = await bundlerOf(t, files, {
      entryPoints: { "deep/main": "src/main.ts" },
      incremental,
      options,
    });
    const include = join(dirname(dirname(process.execPath)), "include/node");
    if (!needs(t, existsSync(join(include, "node_api.h")) ? lacks("gcc") : "Node.js's headers")) return;
    const [source, addon] = [join(root, "src/own/addon.c"), join(root, "src/own/addon.node")];
    await bundler.build(signal);
    await run("gcc", ["-shared", "-fPIC", `-I${include}`, "-o", addon, source]);
    const printed = async () => (await run(process.execPath, [join(root, ".devtool/deep/main.js")])).stdout;
    assert.equal(await printed(), "42 42\n");
    await bundler.build(signal);
    assert.equal(await printed(), "42 42\n");
  });

test("a build returns what changed on disk, leaves the rest untouched, and removes outputs it no longer has", async (t) => {
  const { root, bundler } = await bundlerOf(
    t,
    { "src/main.ts": "await import('./late.ts');", "src/late.ts": "console.log(1);", ".devtool/mine.txt": "kept" },
    { options: { splitting: true, sourcemap: false } },
  );
  const first = await bundler.build(signal);
  const chunk = first.changed.find((path) => path.includes("late"));
  assert.ok(chunk);
  const before = await stat(join(root, ".devtool/main.js"), { bigint: true });
  assert.deepEqual((await bundler.build(signal)).changed, []);
  assert.equal((await stat(join(root, ".devtool/main.js"), { bigint: true })).mtimeNs, before.mtimeNs);
  await write(root, { "src/main.ts": "console.log(2);" });
  const last = await bundler.build(signal);
  assert.deepEqual([...last.changed].sort(), [".devtool/main.js", chunk].sort());
  const kept = [".devtool-outputs.json", "main.js", "mine.txt", "package.json"];
  assert.deepEqual((await readdir(join(root, ".devtool"))).sort(), kept);
});

test("outputs of an earlier session are known to be devtool's", async (t) => {
  const { root, bundler } = await bundlerOf(t, { "src/main.ts": "", "src/other.ts": "" });
  await bundler.build(signal);
  const second = createBundler(root, {
    entryPoints: { other: "src/other.ts" },
    outdir: ".devtool",
    addons: [],
    incremental: false,
    options: { sourcemap: false },
  });
  t.after(() => second.dispose());
  await second.build(signal);
  const kept = [".devtool-outputs.json", "other.js", "package.json"];
  assert.deepEqual((await readdir(join(root, ".devtool"))).sort(), kept);
});

test("a bundle runs as the kind of module it is, whatever the package.json of the project says", async (t) => {
  for (const [format, type] of [
    ["cjs", "module"],
    ["esm", "commonjs"],
  ] as const) {
    const sources = {
      "src/main.ts": "import { homedir } from 'node:os';\nconsole.log(typeof homedir);",
      "package.json": `{"type":"${type}"}`,
    };
    const { root, bundler } = await bundlerOf(t, sources, { options: { format } });
    await bundler.build(signal);
    const { stdout, stderr } = await run(process.execPath, [join(root, ".devtool/main.js")]);
    assert.deepEqual([stdout, stderr], ["function\n", ""]);
  }
});

test("a package.json that the project has in the bundle's folder stays as it is", async (t) => {
  const { root, bundler } = await bundlerOf(t, { "src/main.ts": "", ".devtool/package.json": '{"name":"mine"}' });
  await bundler.build(signal);
  assert.equal(await readFile(join(root, ".devtool/package.json"), "utf8"), '{"name":"mine"}');
});

test("an error is reported with file, line and column relative to the project, and the old bundle stays", async (t) => {
  const { root, bundler } = await bundlerOf(t, { "src/main.ts": "console.log(1);" });
  await bundler.build(signal);
  const before = await readFile(join(root, ".devtool/main.js"), "utf8");
  await write(root, { "src/main.ts": 'import "./gone.ts";\nconst a = {;\n' });
  await assert.rejects(bundler.build(signal), (error) => {
    assert.ok(error instanceof BundleFailure);
    assert.equal(error.message, "the bundle has an error");
    assert.deepEqual(error.diagnostics, [
      { file: "src/main.ts", line: 2, column: 12, severity: "error", text: 'Expected identifier but found ";"' },
    ]);
    return true;
  });
  await write(root, { "src/main.ts": 'import "./gone.ts";\nimport "./also.ts";\n' });
  await assert.rejects(bundler.build(signal), (error) => {
    assert.ok(error instanceof BundleFailure);
    assert.deepEqual(
      error.diagnostics.map(({ file, line, column, text }) => [file, line, column, text]),
      [
        ["src/main.ts", 1, 8, 'Could not resolve "./gone.ts"'],
        ["src/main.ts", 2, 8, 'Could not resolve "./also.ts"'],
      ],
    );
    return true;
  });
  assert.equal(await readFile(join(root, ".devtool/main.js"), "utf8"), before);
});

test("what is in the way of the bundle is a Failure with its place, and nothing is written at the end of a link", async (t) => {
  const { root, bundler } = await bundlerOf(t, { "src/main.ts": "", "outside/own": "" });
  const refused = (message: string) =>
    assert.rejects(bundler.build(signal), { name: "Failure", code: "project-unwritable", message });
  await symlink("outside", join(root, ".devtool"));
  await refused("the bundle can't be written to .devtool: .devtool is a symbolic link here");
  assert.deepEqual(await readdir(join(root, "outside")), ["own"]);
  await rm(join(root, ".devtool"));
  await write(root, { ".devtool": "" });
  await refused("the bundle can't be written to .devtool: .devtool is a file here");
  await rm(join(root, ".devtool"));
  await mkdir(join(root, ".devtool/main.js"), { recursive: true });
  await refused("can't write .devtool/main.js here: is a directory (EISDIR)");
  await rm(join(root, ".devtool/main.js"), { recursive: true });
  assert.ok((await bundler.build(signal)).changed.includes(".devtool/main.js"));
});

test("warnings are returned with the bundle", async (t) => {
  const { bundler } = await bundlerOf(t, { "src/main.ts": 'console.log(typeof process === "nul");\n' });
  const { warnings } = await bundler.build(signal);
  assert.deepEqual(
    warnings.map(({ file, line, severity }) => [file, line, severity]),
    [["src/main.ts", 1, "warning"]],
  );
});

test("a build started during another one uses the files as they are then", async (t) => {
  const { root, bundler } = await bundlerOf(t, { "src/main.ts": 'console.log("old");' });
  const given = new AbortController();
  const first = bundler.build(given.signal);
  given.abort(new Error("newer"));
  await write(root, { "src/main.ts": 'console.log("new");' });
  const [, second] = await Promise.all([assert.rejects(first, { message: "newer" }), bundler.build(signal)]);
  assert.ok(second.changed.includes(".devtool/main.js"));
  const { stdout } = await run(process.execPath, [join(root, ".devtool/main.js")]);
  assert.equal(stdout, "new\n");
});

test("esbuild's options are passed on, with defaults for the others", async (t) => {
  const { root, bundler } = await bundlerOf(
    t,
    {
      "src/main.ts": 'declare const WORD: string;\nimport text from "./a.txt";\nconsole.log(WORD, text);',
      "src/a.txt": "hello",
    },
    {
      options: {
        define: { WORD: '"word"' },
        banner: { js: "// first" },
        loader: { ".txt": "text" },
        minify: true,
        sourcemap: "inline",
      },
    },
  );
  await bundler.build(signal);
  const code = await readFile(join(root, ".devtool/main.js"), "utf8");
  assert.match(code, /^import .*createRequire.*\n\/\/ first\n/s);
  assert.match(code, /sourceMappingURL=data:/);
  assert.equal((await run(process.execPath, [join(root, ".devtool/main.js")])).stdout, "word hello\n");
});

const NATIVE: readonly (readonly [string, Record<string, string>, string[]])[] = [
  ["a package for each platform", { "package.json": '{ "optionalDependencies": { "@x/addon-linux-x64": "1" } }' }, []],
  ["a binding.gyp", { "package.json": "{}", "binding.gyp": "{}" }, []],
  ["prebuilds", { "package.json": "{}", "prebuilds/linux-x64/a.node": "" }, []],
  ["node-gyp as its install script", { "package.json": '{ "scripts": { "install": "node-gyp rebuild" } }' }, []],
  [
    "an add-on that a file of it loads",
    { "package.json": "{}", "sub.js": "module.exports = require('./a.node');", "a.node": "" },
    [],
  ],
  ["a name in the configuration", { "package.json": "{}" }, ["addon"]],
];

for (const [title, files, addons] of NATIVE) {
  test(`a package with ${title} is left out of the bundle, to be shipped`, async (t) => {
    const inPackage = Object.entries(files).map(([path, text]) => [`node_modules/addon/${path}`, text]);
    const { root, bundler } = await bundlerOf(
      t,
      {
        "src/main.ts": 'import a from "addon/sub.js";\nconsole.log(a);',
        "node_modules/addon/sub.js": "export default 1;",
        ...Object.fromEntries(inPackage),
      },
      { addons },
    );
    const bundle = await bundler.build(signal);
    const directory = join(root, "node_modules/addon");
    assert.deepEqual(bundle.apart.addons, [{ name: "addon", directory, isOptional: false }]);
    assert.match(await readFile(join(root, ".devtool/main.js"), "utf8"), /(from |require\()"addon\/sub\.js"/);
  });
}

test("what esbuild's own options say of a package with native parts is done", async (t) => {
  for (const options of [{ alias: { addon: "./src/stub.ts" } }, { external: ["addon"] }]) {
    const { root, bundler } = await bundlerOf(
      t,
      {
        "src/main.ts": 'import a from "addon";\nconsole.log(a);',
        "src/stub.ts": "export default 'stub';",
        "package.json": '{ "dependencies": { "addon": "1" } }',
        "node_modules/addon/package.json": '{ "gypfile": true }',
        "node_modules/addon/index.js": "module.exports = 'addon';",
      },
      { options },
    );
    assert.deepEqual((await bundler.build(signal)).apart.addons, []);
    const code = await readFile(join(root, ".devtool/main.js"), "utf8");
    assert.match(code, options.alias ? /"stub"/ : /from "addon"/);
  }
});

test("a package installed between two builds is taken into account", async (t) => {
  const { root, bundler } = await bundlerOf(t, {
    "src/main.ts": 'import a from "late";\nconsole.log(a);',
    "node_modules/late/package.json": "{}",
    "node_modules/late/index.js": "export default 1;",
  });
  assert.deepEqual((await bundler.build(signal)).apart.addons, []);
  await write(root, { "node_modules/late/binding.gyp": "{}", "node_modules/.package-lock.json": "{}" });
  assert.deepEqual(
    (await bundler.build(signal)).apart.addons.map(({ name }) => name),
    ["late"],
  );
});

test("esbuild collects less often than Go does, and no other process is started so", async (t) => {
  if (!needs(t, process.platform === "linux" ? undefined : "Linux")) return;
  const { bundler } = await bundlerOf(t, { "src/main.ts": "console.log(1);" });
  await bundler.build(signal);
  const { stdout } = await run("ps", ["-o", "pid=,comm=", "--ppid", String(process.pid)]);
  // tsx has an esbuild of its own.
  const pids = [...stdout.matchAll(/\d+(?= esbuild)/g)];
  const environments = await Promise.all(pids.map(([pid]) => readFile(`/proc/${pid}/environ`, "utf8")));
  assert.ok(environments.some((environment) => environment.split("\0").includes("GOGC=300")));
  assert.ok(!("GOGC" in process.env));
});

test("a source that asks by require.main whether it is the program is so in the format cjs, and else a warning", async (t) => {
  const files = {
    "app.js": "'use strict'\nif (require.main === module) console.log('main')\nrequire('./other')\n",
    "other.js": "exports.a = require.main;",
  };
  for (const format of ["esm", "cjs"] as const) {
    const { root, bundler } = await bundlerOf(t, files, { entryPoints: { app: "app.js" }, options: { format } });
    const { warnings } = await bundler.build(signal);
    const { stdout } = await run(process.execPath, [join(root, ".devtool/app.js")]);
    assert.equal(stdout, format === "cjs" ? "main\n" : "");
    const places = warnings.map(({ file, line, column, text }) => `${file}:${line}:${column} ${text}`);
    const text =
      'require.main is undefined in a bundle of ES modules: set bundle.format to "cjs" in devtool\'s configuration';
    assert.deepEqual(places, format === "cjs" ? [] : [`app.js:2:5 ${text}`]);
  }
});
