import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import type { PluginBuild } from "esbuild";
import type { Bundler } from "../../../../devtool/bundle/bundle.ts";
import { BundleFailure } from "../../../../devtool/bundle/bundle-failure.ts";
import { LIBRARY, RUNS_NOTHING } from "../../../../devtool/protocol/library.ts";
import { bundlerOf, write } from "../bundlers.ts";

const run = promisify(execFile);
const signal = new AbortController().signal;

async function incrementalOf(t: TestContext, files: Readonly<Record<string, string>>, options: object = {}) {
  const all = { "package.json": '{ "type": "module" }', ...files };
  const { root, bundler } = await bundlerOf(t, all, { incremental: true, options: { format: "cjs", ...options } });
  const printed = async (edits: Readonly<Record<string, string>> = {}) => {
    await write(root, edits);
    await bundler.build(signal);
    return (await run(process.execPath, [join(root, ".devtool/main.js")])).stdout;
  };
  return { root, bundler, printed };
}

async function failureOf(bundler: Bundler): Promise<BundleFailure> {
  const failure = await bundler.build(signal).catch((error: unknown) => error);
  assert.ok(failure instanceof BundleFailure);
  return failure;
}

test("a module has what it imports as in Node.js, whatever kind of module that is", async (t) => {
  const { printed } = await incrementalOf(t, {
    "src/main.ts": `import own, { late, count as counted, type Shape } from "./own.ts";
import * as all from "./all.ts";
import older from "./older.cjs";
import { named } from "./older.cjs";
import data, { k } from "./data.json";
import { join } from "node:path";
import esm from "esm";
import cjs from "cjs";
const shape: Shape = 1;
late();
console.log(own, counted, Object.keys(all).sort().join(), all.again, older.default, named, data.k, k, join("a", "b"), esm, cjs.default, shape);
void import("./own.ts").then(async (loaded) => console.log(loaded.default, (await import("./older.cjs")).default.default));
console.log(require.main === module, 'import("./own.ts")', (() => { try { require("./none.cjs"); } catch (error) { return error.code; } })());`,
    "src/own.ts":
      'export type Shape = number;\nexport let count = 1;\nexport function late() { count += 1; }\nexport default "own";',
    "src/all.ts":
      'export * from "./own.ts";\nexport { named as again } from "./older.cjs";\nexport { type Shape } from "./own.ts";',
    "src/older.cjs": "exports.__esModule = true;\nexports.default = 'default';\nexports.named = 'named';",
    "src/data.json": '{ "k": 7 }',
    "node_modules/esm/package.json": '{ "type": "module", "exports": "./i.js" }',
    "node_modules/esm/i.js": "export { default } from './deep.js';",
    "node_modules/esm/deep.js": "export default 'esm';",
    "node_modules/cjs/package.json": '{ "main": "i.js" }',
    "node_modules/cjs/i.js": "exports.__esModule = true; exports.default = require('./deep');",
    "node_modules/cjs/deep.js": "module.exports = this === exports && 'cjs';",
  });
  assert.equal(
    await printed(),
    `own 2 again,count,late named default named 7 7 a/b esm cjs 1
true import("./own.ts") MODULE_NOT_FOUND
own default
`,
  );
});

test("modules that import each other work together, and one that failed is loaded again", async (t) => {
  const { printed } = await incrementalOf(t, {
    "src/main.ts": `import { odd } from "./odd.ts";
console.log(odd(7));
void (async () => {
  for (const _ of [1, 2]) await import("./throws.ts").catch((error) => console.log(error.message));
})();`,
    "src/odd.ts":
      'import { even } from "./even.ts";\nexport function odd(n: number): boolean { return n > 0 && even(n - 1); }',
    "src/even.ts":
      'import { odd } from "./odd.ts";\nexport function even(n: number): boolean { return n === 0 || odd(n - 1); }',
    "src/throws.ts": 'import { tries } from "./tries.ts";\ntries.push("try");\nthrow new Error(tries.join());',
    "src/tries.ts": "export const tries: string[] = [];",
  });
  assert.equal(await printed(), "true\ntry\ntry,try\n");
});

test("a module is found whatever its file is called and whatever comments stand in its import()", async (t) => {
  const { printed } = await incrementalOf(t, {
    "src/main.ts": `#!/usr/bin/env node
import one from "./é/$1 'a%20.ts";
import two, { named } from './"😀".ts';
void import(/* webpackChunkName: "one" */ /* @vite-ignore */ "./é/$1 'a%20.ts").then((all) => console.log(one, two, named, all.default));`,
    "src/é/$1 'a%20.ts": '#!/usr/bin/env node\nexport default "one";',
    'src/"😀".ts': 'export * from "./é/$1 \'a%20.ts";\nexport default "two";\nexport const named = "named";',
  });
  assert.equal(await printed(), "one two named one\n");
});

test("an import of types only says nothing of other imports, nor of what it becomes", async (t) => {
  const { printed } = await incrementalOf(t, {
    "src/main.ts": `import { a } from "./a.ts";
import { type Shape } from "./a.ts";
import { Class } from "./class.ts";
console.log(a satisfies Shape, {} as Class);`,
    "src/a.ts": "export type Shape = number;\nexport const a = 1;",
    "src/class.ts": "export class Class {}",
  });
  assert.equal(await printed(), "1 {}\n");
  assert.equal(
    await printed({ "src/main.ts": 'import { Class } from "./class.ts";\nconsole.log(Class);' }),
    "[class Class]\n",
  );
});

test("what was edited is compiled again, also imports, files of others' and settings", async (t) => {
  const { printed } = await incrementalOf(t, {
    "src/main.ts": 'import { a } from "./a.js";\nimport data from "./data.json";\nconsole.log(a, data);',
    "src/a.ts": "export const a = 1;",
    "src/data.json": "1",
    "tsconfig.json": '{ "compilerOptions": {} }',
  });
  assert.equal(await printed(), "1 1\n");
  assert.equal(await printed({ "src/a.ts": "export const a = 2;" }), "2 1\n");
  assert.equal(await printed({ "src/data.json": "2" }), "2 2\n");
  const jsx = 'import { b } from "./b.ts";\nconst h = (x) => x;\nexport const a = b + (<i />);';
  const main = 'import { a } from "./a.jsx";\nconsole.log(a);';
  const edits = { "src/a.jsx": jsx, "src/b.ts": "export const b = 3;", "src/main.ts": main };
  assert.equal(await printed({ ...edits, "tsconfig.json": '{ "compilerOptions": { "jsxFactory": "h" } }' }), "3i\n");
  const shadowing = { "src/b.ts": 'export { b } from "./c";', "src/c.js": "export const b = 4;" };
  assert.equal(await printed(shadowing), "4i\n");
  assert.equal(await printed({ "src/c.ts": "export const b = 5;" }), "5i\n");
});

test("what a plugin reads for a module is as the module itself", async (t) => {
  const name = "schema";
  const setup = (build: PluginBuild) =>
    build.onLoad({ filter: /schema\.ts$/ }, async ({ path }) => {
      const watchFiles = [path.replace(/ts$/, "sql")];
      return { contents: `export default ${await readFile(watchFiles[0] ?? "", "utf8")}`, loader: "ts", watchFiles };
    });
  const files = {
    "src/main.ts": 'import schema from "./schema.ts";\nconsole.log(schema);',
    "src/schema.ts": "",
    "src/schema.sql": "1",
  };
  const { root, printed } = await incrementalOf(t, files, { plugins: [{ name, setup }] });
  for (const file of Object.keys(files)) await utimes(join(root, file), 1, 1);
  assert.equal(await printed(), "1\n");
  assert.equal(await printed({ "src/schema.sql": "2" }), "2\n");
});

test("an import of what the other module does not export is an error where it stands, until it does", async (t) => {
  const { root, bundler, printed } = await incrementalOf(t, {
    "src/main.ts": 'import { a } from "./a.ts";\nconsole.log(a);',
    "src/a.ts": 'export * from "./b.ts";',
    "src/b.ts": "export const a = 1;",
    "src/older.cjs": 'var import_b = require("./b.ts");\nmodule.exports = import_b.missing;',
  });
  assert.equal(await printed(), "1\n");
  assert.equal(await printed({ "src/main.ts": 'import a from "./older.cjs";\nconsole.log(a);' }), "undefined\n");
  await write(root, { "src/main.ts": 'import "./again.js";', "src/again.js": 'export { a, b } from "./b.ts";' });
  const [again] = (await failureOf(bundler)).diagnostics;
  const missing = 'No matching export in "src/b.ts" for import "b"';
  assert.deepEqual(again, { file: "src/again.js", line: 1, column: 13, severity: "error", text: missing });
  assert.equal(await printed({ "src/main.ts": 'import { a } from "./a.ts";\nconsole.log(a);' }), "1\n");
  await write(root, { "src/b.ts": "export const c = 1;" });
  const { diagnostics } = await failureOf(bundler);
  const text = 'No matching export in "src/a.ts" for import "a"';
  assert.deepEqual(diagnostics, [{ file: "src/main.ts", line: 1, column: 10, severity: "error", text }]);
  assert.equal(await printed({ "src/a.ts": "export const a = 2;" }), "2\n");
});

test("an error is esbuild's own, and what was compiled before stays", async (t) => {
  const { root, bundler, printed } = await incrementalOf(t, {
    "src/main.ts": 'import { a } from "./a.ts";\nconsole.log(a);',
    "src/a.ts": "export const a = 1;",
  });
  await bundler.build(signal);
  const before = await readFile(join(root, ".devtool/main.js"));
  await write(root, { "src/a.ts": "export const a = ;" });
  const [syntax] = (await failureOf(bundler)).diagnostics;
  assert.deepEqual(syntax, { file: "src/a.ts", line: 1, column: 18, severity: "error", text: 'Unexpected ";"' });
  await rm(join(root, "src/a.ts"));
  assert.match((await failureOf(bundler)).diagnostics[0]?.text ?? "", /Could not resolve "\.\/a\.ts"/);
  assert.deepEqual(await readFile(join(root, ".devtool/main.js")), before);
  assert.equal(await printed({ "src/a.ts": "export const a = 2;" }), "2\n");
  await rm(join(root, "src/main.ts"));
  assert.match((await failureOf(bundler)).diagnostics[0]?.text ?? "", /Could not resolve/);
});

test("import.meta and __dirname are those of each source, also of one that comes later", async (t) => {
  const { root, printed } = await incrementalOf(t, {
    "src/main.ts": 'import { there } from "./deep/there.ts";\nconsole.log(import.meta.filename, there);',
    "src/deep/there.ts": "export const there = __dirname;",
  });
  assert.equal(await printed(), `${join(root, "src/main.ts")} ${join(root, "src/deep")}\n`);
  const added = {
    "src/deep/there.ts": 'export * from "./later.ts";',
    "src/deep/later.ts": "export const there = import.meta.dirname;",
    "src/main.ts": 'import { there } from "./deep/there.ts";\nconsole.log(__filename, there);',
  };
  assert.equal(await printed(added), `${join(root, "src/main.ts")} ${join(root, "src/deep")}\n`);
});

for (const sourcemap of ["linked", "inline"])
  test(`a stack trace names the line of each source, also after lines without code, by a map that is ${sourcemap}`, async (t) => {
    const files = {
      "src/main.ts": 'interface A {}\nimport { thrown } from "./thrown.ts";\n\nthrown();',
      "src/thrown.ts":
        "type B = 1;\n\n\nexport function thrown(this: void) {\n  throw new Error('here');\n}\nexport default class {}",
    };
    const { root, bundler } = await incrementalOf(t, files, { sourcemap });
    const main = join(root, ".devtool/main.js");
    const trace = async () => {
      await bundler.build(signal);
      return (await run(process.execPath, ["--enable-source-maps", main]).catch((error) => error)).stderr as string;
    };
    const stderr = await trace();
    assert.match(stderr, /src\/thrown\.ts:5:9/);
    assert.match(stderr, /src\/main\.ts:4:1\)/);
    assert.equal(stderr.match(/\(.*\/src\//g)?.length, 2);
    await write(root, { "src/thrown.ts": `\n\n${files["src/thrown.ts"]}` });
    assert.match(await trace(), /src\/thrown\.ts:7:9/);
  });

/** A module that counts how often it was loaded, made up by a plugin; and one that gets the data of another one's import. */
const MADE_UP = {
  name: "made-up",
  setup: (build: PluginBuild) => {
    build.onResolve({ filter: /^made:/ }, ({ path }) => ({ path, namespace: "made", pluginData: path.length }));
    build.onLoad({ filter: /.*/, namespace: "made" }, ({ path, pluginData }) => ({
      contents: `import { log } from "./log.ts";\nlog.push("${path}");\nexport const length = ${pluginData};\nexport default log;`,
      resolveDir: `${build.initialOptions.absWorkingDir}/src`,
    }));
    build.onResolve({ filter: /\?size$/ }, async ({ path, ...asked }) => {
      const { path: file } = await build.resolve(path.replace("?size", ""), asked);
      return { path: file, suffix: "?size", pluginData: 7 };
    });
    build.onLoad({ filter: /sized\.ts$/ }, ({ pluginData }) => ({ contents: `export default ${pluginData};` }));
  },
};

test("data and what a plugin makes up is one module, however many import it, and gets what the plugin found for it", async (t) => {
  const { printed } = await incrementalOf(
    t,
    {
      "src/main.ts": `import made, { length } from "made:up";
import data from "./data.json";
import typed from "./data.json" with { type: "json" };
import text from "./text.txt";
import size from "./sized.ts?size";
import { seen } from "./other.ts";
data.count += 1;
console.log(made.join(), length, seen(), typed.count, text, size);
void import("made:up").then((all) => console.log(all.default === made, all.length));`,
      "src/other.ts": `import made from "made:up";
import * as data from "./data.json";
import text from "./text.txt";
export const seen = () => [made.length, data.default.count, text].join();`,
      "src/log.ts": "export const log: string[] = [];",
      "src/data.json": '{ "count": 1 }',
      "src/text.txt": "text",
      "src/sized.ts": "",
    },
    { plugins: [MADE_UP] },
  );
  assert.equal(await printed(), "made:up 7 1,2,text 2 text 7\ntrue 7\n");
  assert.equal(await printed({ "src/data.json": '{ "count": 4 }' }), "made:up 7 1,5,text 5 text 7\ntrue 7\n");
  assert.equal(
    await printed({ "src/log.ts": "export const log: string[] = ['new'];" }),
    "new,made:up 7 2,5,text 5 text 7\ntrue 7\n",
  );
});

test("what modules that are compiled alone would not have as esbuild has it is esbuild's, and said", async (t) => {
  const passing = {
    name: "passing",
    setup: (build: PluginBuild) => {
      build.onLoad({ filter: /main\.ts$/ }, async ({ path }) => ({
        contents: await readFile(path, "utf8"),
        loader: "ts",
        pluginData: 3,
      }));
      build.onResolve({ filter: /^passed$/ }, ({ path, pluginData }) => ({ path, namespace: "p", pluginData }));
      build.onLoad({ filter: /.*/, namespace: "p" }, ({ pluginData }) => ({
        contents: `export default ${pluginData};`,
      }));
    },
  };
  const both = "export const name = 1;";
  for (const [files, expected, why, options] of [
    [
      {
        "src/main.ts":
          'import { count } from "./parts/a.ts";\nconst at = process.argv.length > 0 ? "a" : "b";\nvoid import("./parts/" + at + ".ts").then((all) => console.log(all.count === count));',
        "src/parts/a.ts": "export const count = {};",
      },
      "true\n",
      /^src\/parts\/a\.ts is in two modules/,
      {},
    ],
    [
      {
        "src/main.ts": 'import * as all from "./all.ts";\nconsole.log(Object.keys(all).join());',
        "src/all.ts": 'export * from "./a.ts";\nexport * from "./b.ts";\nexport const own = 1;',
        "src/a.ts": both,
        "src/b.ts": both,
      },
      "own\n",
      /^src\/all\.ts exports name of two modules by export \*$/,
      {},
    ],
    [
      { "src/main.ts": 'import passed from "passed";\nconsole.log(passed);' },
      "3\n",
      /main\.ts on to what that imports$/,
      { plugins: [passing] },
    ],
  ] as const) {
    const { bundler, root, printed } = await incrementalOf(t, files, options);
    const texts = (await bundler.build(signal)).warnings.map(({ text }) => text);
    const said = texts.find((text) => text.startsWith("bundle.incremental has no effect, since "));
    assert.match(said?.slice("bundle.incremental has no effect, since ".length) ?? "", why);
    assert.equal((await run(process.execPath, [join(root, ".devtool/main.js")])).stdout, expected);
    assert.equal(await printed({ "src/main.ts": 'console.log("alone");' }), "alone\n");
    assert.deepEqual((await bundler.build(signal)).warnings, []);
  }
});

test("modules that did not change lately say that they run nothing, unless a banner does", async (t) => {
  for (const [options, says] of [
    [{}, true],
    [{ sourcemap: false }, true],
    [{ banner: { js: "globalThis.ran = true;" } }, false],
  ] as const) {
    const files = { "src/main.ts": 'import { a } from "./a.ts";\nconsole.log(a);', "src/a.ts": "export const a = 1;" };
    const { root, printed } = await incrementalOf(t, files, options);
    assert.equal(await printed(), "1\n");
    const library = await readFile(join(root, `.devtool/${LIBRARY}.js`), "utf8");
    assert.equal(library.startsWith(RUNS_NOTHING), says);
  }
});
