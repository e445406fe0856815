import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { lacks } from "../../rig.ts";
import { write } from "../bundlers.ts";
import { startRegistry } from "./registry.ts";
import { shipperOf } from "./shipped.ts";

const CONFLICT = {
  "a@1.0.0": {
    "package.json":
      '{ "main": "i.js", "dependencies": { "c": "1.0.0", "peer": "*" }, "peerDependencies": { "host": "*" } }',
    "i.js":
      'module.exports = () => "a " + require("c") + " " + require("host") + require("fs").readFileSync(__dirname + "/data.bin", "utf8");',
    "data.bin": "data",
    "README.md": "read at run time by some",
  },
  "b@1.0.0": {
    "package.json":
      '{ "main": "i.js", "dependencies": { "c": "^2.0.0" }, "optionalDependencies": { "extra": "1.0.0" } }',
    "i.js": 'module.exports = () => "b " + require("c") + " " + require("extra");',
  },
  "c@1.0.0": { "package.json": "{}", "index.js": "module.exports = 'c1';" },
  "c@2.0.0": {
    "package.json": '{ "dependencies": { "deep": "1.0.0" } }',
    "index.js": "module.exports = 'c2' + require('deep');",
  },
  "deep@1.0.0": { "package.json": "{}", "index.js": "module.exports = 'deep';" },
  "extra@1.0.0": { "package.json": "{}", "index.js": "module.exports = 'extra';" },
  "host@1.0.0": { "package.json": "{}", "index.js": "module.exports = 'host';" },
  "peer@1.0.0": { "package.json": "{}", "index.js": "" },
};

const MAIN = 'import a from "a";\nimport b from "b";\nimport c from "c";\nconsole.log(a(), b(), c);';

for (const program of ["npm", "pnpm"] as const)
  test(`each package finds the versions that ${program} installed for it, with all their files`, async (t) => {
    if (!needs(t, lacks(program))) return;
    const registry = await startRegistry(t, CONFLICT);
    const root = await temporaryDirectory(t);
    const dependencies = { a: "1.0.0", b: "1.0.0", c: "1.0.0", host: "1.0.0" };
    await write(root, { "package.json": JSON.stringify({ type: "module", dependencies }), "src/main.js": MAIN });
    await registry.run(program, ["install"], root);
    const ship = shipperOf(t, root, ["a", "b", "c"]);
    const first = await ship();
    assert.equal(await first.run(), "a c1 hostdata b c2deep extra c1\n");
    assert.ok(
      first.files.includes("a/README.md") && first.files.includes("b/node_modules/c/index.js"),
      first.files.join(),
    );
    assert.deepEqual((await ship()).changed, []);
    await registry.run(program, ["install", "--force"], root);
    assert.deepEqual((await ship()).changed, [], "what was installed again and is the same is not sent again");
  });

test("two versions that bundled packages import are shipped side by side", async (t) => {
  const root = await temporaryDirectory(t);
  await write(root, {
    "package.json": '{ "type": "module" }',
    "src/main.js": 'import one from "native";\nimport two from "user";\nconsole.log(one.version, two);',
    "node_modules/native/package.json": '{ "version": "1.0.0" }',
    "node_modules/native/index.js": "exports.version = require('./package.json').version;",
    "node_modules/user/package.json": "{}",
    "node_modules/user/index.js": "module.exports = require('native').version + require('native/sub.js');",
    "node_modules/user/node_modules/native/package.json": '{ "version": "2.0.0" }',
    "node_modules/user/node_modules/native/index.js": "exports.version = require('./package.json').version;",
    "node_modules/user/node_modules/native/sub.js": "module.exports = ' sub';",
  });
  const shipped = await shipperOf(t, root, ["native"])();
  assert.equal(await shipped.run(), "1.0.0 2.0.0 sub\n");
});

for (const incremental of [false, true])
  test(`a CommonJS bundle${incremental ? " that is incremental" : ""} has the default of an ES module that is shipped`, async (t) => {
    const root = await temporaryDirectory(t);
    await write(root, {
      "package.json": '{ "type": "module" }',
      "src/main.js": `import one, { named } from "esm";
import * as all from "esm";
console.log(one, named, all.default);
import("esm").then((later) => console.log(later.default));`,
      "node_modules/esm/package.json": '{ "type": "module", "exports": "./index.js" }',
      "node_modules/esm/index.js": "export default 'default';\nexport const named = 'named';",
    });
    const shipped = await shipperOf(t, root, ["esm"], {}, { format: "cjs" }, incremental)();
    assert.equal(await shipped.run(), "default named default\ndefault\n");
  });

test("a package that is imported for its effect has it before the ES modules that are imported later run", async (t) => {
  const root = await temporaryDirectory(t);
  await write(root, {
    "package.json": '{ "type": "module" }',
    "src/main.js":
      'import "effect";\nimport { word } from "effect";\nimport { seen } from "esm";\nconsole.log(word, seen);',
    "node_modules/effect/package.json": '{ "main": "i.js" }',
    "node_modules/effect/i.js": "globalThis.effect = 'seen';\nexports.word = 'word';",
    "node_modules/esm/package.json": '{ "type": "module", "exports": "./index.js" }',
    "node_modules/esm/index.js": "export const seen = globalThis.effect;",
  });
  const shipped = await shipperOf(t, root, ["effect", "esm"])();
  assert.equal(await shipped.run(), "word seen\n");
  const files = shipped.inputs.filter((path) => !/^(node_modules\/)?\./.test(path));
  assert.deepEqual(files, ["src/main.js"], "not what stands for a package");
});

for (const format of ["esm", "cjs"] as const)
  test(`a source finds a package that is shipped by a require() of its own too: ${format}`, async (t) => {
    const root = await temporaryDirectory(t);
    await write(root, {
      "package.json": '{ "type": "module", "dependencies": { "named": "1" } }',
      "src/main.js": `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
console.log(require("named").word, require.resolve("named").endsWith("/named/i.js"), require("path") === require("node:path"));
for (const name of ["none", "./none.js", "named/hidden.js"]) try { require(name); } catch ({ code }) { console.log(code); }`,
      "node_modules/named/package.json": '{ "exports": "./i.js" }',
      "node_modules/named/i.js": "exports.word = 'word';",
    });
    const expected = "word true true\nMODULE_NOT_FOUND\nMODULE_NOT_FOUND\nERR_PACKAGE_PATH_NOT_EXPORTED\n";
    assert.equal(await (await shipperOf(t, root, [], {}, { format })()).run(), expected);
  });

test("a package of a workspace and a patched one are shipped again when a file of theirs changes, without what git ignores", async (t) => {
  const registry = await startRegistry(t, CONFLICT);
  const root = await temporaryDirectory(t);
  const project = join(root, "app");
  await write(root, {
    "app/package.json": '{ "type": "module", "dependencies": { "lib": "file:../lib", "extra": "1.0.0" } }',
    "app/src/main.js": 'import lib from "lib";\nimport extra from "extra";\nconsole.log(lib(), extra);',
    "lib/package.json":
      '{ "name": "lib", "version": "1.0.0", "main": "dist/i.js", "devDependencies": { "c": "1.0.0" } }',
    "lib/dist/i.js": "module.exports = () => require('./word.js');",
    "lib/dist/word.js": "module.exports = 'one';",
    "lib/.env": "SECRET=1",
    "lib/.gitignore": "dist/\n.env\n",
  });
  await registry.run("npm", ["install"], project);
  const ship = shipperOf(t, project, ["lib", "extra"]);
  const first = await ship();
  assert.equal(await first.run(), "one extra\n");
  assert.deepEqual(
    first.files.filter((path) => path.startsWith("lib/")),
    ["lib/.gitignore", "lib/dist/i.js", "lib/dist/word.js", "lib/package.json"],
  );
  assert.ok(first.inputs.includes("../lib/dist/word.js"), "which watch looks at");
  await write(root, {
    "lib/dist/word.js": "module.exports = 'two';",
    "app/node_modules/extra/index.js": "module.exports = 'patch';",
  });
  const second = await ship();
  assert.deepEqual([...second.changed].sort(), ["node_modules/extra/index.js", "node_modules/lib/dist/word.js"]);
  assert.equal(await second.run(), "two patch\n");
});

for (const name of ["@orm/client", ".orm/client"])
  test(`what a generator puts beside packages and no package.json names is shipped with them, where ${name} is imported`, async (t) => {
    const root = await temporaryDirectory(t);
    const exported =
      '"exports": { ".": { "import": "./index.js", "require": "./index.js" }, "./runtime.js": "./runtime.js" }';
    await write(root, {
      "package.json": '{ "type": "module" }',
      "src/main.js": `import { schema } from "${name}";\nconsole.log(schema);`,
      "node_modules/@orm/client/package.json": `{ ${exported} }`,
      "node_modules/@orm/client/index.js": 'module.exports = { ...require(".orm/client") };',
      "node_modules/@orm/client/runtime.js": "exports.read = (path) => require('fs').readFileSync(path, 'utf8');",
      "node_modules/.orm/client/package.json": `{ ${exported} }`,
      "node_modules/.orm/client/index.js":
        'exports.schema = require("@orm/client/runtime.js").read(__dirname + "/schema.orm");',
      "node_modules/.orm/client/schema.orm": "model",
      "node_modules/.cache/other/package.json": "{}",
    });
    const ship = shipperOf(t, root, []);
    const shipped = await ship();
    assert.equal(await shipped.run(), "model\n");
    assert.ok(!shipped.files.some((path) => path.startsWith(".cache")), shipped.files.join());
    await write(root, { "node_modules/.orm/client/schema.orm": "models" });
    assert.deepEqual((await ship()).changed, ["node_modules/.orm/client/schema.orm"]);
  });

test("a package that the configuration names and no import does is shipped, and one that is not installed is named", async (t) => {
  const root = await temporaryDirectory(t);
  await write(root, {
    "package.json": '{ "type": "module" }',
    "src/main.js": 'console.log(require(["in", "direct"].join("")));',
    "node_modules/indirect/package.json": "{}",
    "node_modules/indirect/index.js": "module.exports = 'found';",
  });
  assert.equal(await (await shipperOf(t, root, ["indirect"])()).run(), "found\n");
  await assert.rejects(shipperOf(t, root, ["indirect", "gone"])(), {
    code: "package-unavailable",
    message: `bundle.addons names gone, which is not installed in ${root} or above it`,
    exitCode: 2,
  });
});

test("what is not needed any more is removed, and an interrupted change is done anew", async (t) => {
  const root = await temporaryDirectory(t);
  const files = (text: string) => ({
    "package.json": '{ "type": "module" }',
    "src/main.js": 'import a from "a";\nconsole.log(a);',
    "node_modules/a/package.json": "{}",
    "node_modules/a/index.js": text,
  });
  await write(root, {
    ...files("module.exports = require('./lib/b.js');"),
    "node_modules/a/lib/b.js": "module.exports = 1;",
  });
  const ship = shipperOf(t, root, ["a"]);
  assert.equal(await (await ship()).run(), "1\n");
  await write(root, files("module.exports = 2;"));
  await rm(join(root, "node_modules/a/lib"), { recursive: true });
  const second = await ship();
  assert.deepEqual(second.files, ["a/index.js", "a/package.json"]);
  assert.deepEqual([...second.changed].sort(), ["node_modules/a/index.js", "node_modules/a/lib/b.js"]);
  await rm(join(root, ".devtool/node_modules/.devtool-addons.json"));
  await write(root, { ".devtool/node_modules/a/index.js": "half" });
  const third = await ship();
  assert.deepEqual([third.changed, await third.run()], [["node_modules"], "2\n"]);
});
