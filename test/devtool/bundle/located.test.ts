import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { temporaryDirectory } from "../../rig/host.ts";
import { bundlerOf, write } from "./bundlers.ts";

const run = promisify(execFile);
const signal = new AbortController().signal;

const USES = {
  "package.json": '{ "type": "module" }',
  "src/deep/main.ts": `import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { word } from "../a b.ts";
const files = [new URL("./data.txt", import.meta.url), join(import.meta.dirname, "data.txt"), join(__dirname, "data.txt")];
console.log(files.map((file) => readFileSync(file, "utf8")).join(""), word, import.meta.filename === __filename);
console.log(import.meta.resolve("./data.txt") === files[0]!.toString(), createRequire(import.meta.url)("./data.json").a);
console.log(require.resolve("./data.json") === join(__dirname, "data.json"), require("../older.cjs"));
console.log(pathToFileURL(process.argv[1]!).href === import.meta.url);
{ const __dirname = "a scope of its own"; console.log(__dirname); }
`,
  "src/a b.ts": '// __dirname in a comment\nexport const word: string = import.meta.url.split("/").at(-1)!;\n',
  "src/older.cjs": `// As the standard style writes it.
'use strict'
module.exports = require.resolve("./deep/data.txt").endsWith("data.txt") && (function () { return this === undefined })()
`,
  "src/deep/data.txt": "data",
  "src/deep/data.json": '{ "a": 1 }',
};

/** As a mirror is in another folder than the one it was bundled in. */
async function moved(t: TestContext, root: string): Promise<string> {
  const mirror = join(await temporaryDirectory(t), "a mirror");
  await rename(root, mirror);
  return mirror;
}

const PRINTED = "datadatadata a%20b.ts true\ntrue 1\ntrue true\ntrue\na scope of its own\n";

const ASKS = {
  "package.json": '{ "type": "module" }',
  "src/main.ts": `import { realpath, realpathSync } from "node:fs";
import { realpath as realpathLater } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
const [, main = ""] = process.argv;
const found = [realpathSync(main), realpathSync.native(main, "utf8"), await promisify(realpath)(main), await realpathLater(main)];
console.log(found.every((path) => path === fileURLToPath(import.meta.url)));
try { realpathSync(main + "x"); } catch (error) { console.log(String(error)); }
await realpathLater(import.meta.dirname + "/missing").catch((error) => console.log(error.code));
realpath("missing", (error, path) => console.log(error?.code, path));
`,
};

test("the real path of process.argv[1] is that of import.meta.url where the source is not there", async (t) => {
  const { root, bundler } = await bundlerOf(t, ASKS);
  await bundler.build(signal);
  await rm(join(root, "src"), { recursive: true });
  const { stdout } = await run(process.execPath, [join(root, ".devtool/main.js")]);
  const missing = `Error: ENOENT: no such file or directory, lstat '${join(root, "src")}'`;
  assert.equal(stdout, `true\n${missing}\nENOENT\nENOENT undefined\n`);
});

for (const format of ["esm", "cjs"] as const)
  for (const minified of [{}, { minifyWhitespace: true }, { minify: true }])
    test(`a source finds what lies beside it: ${[format, ...Object.keys(minified)].join(", ")}`, async (t) => {
      const config = { entryPoints: { main: "src/deep/main.ts" }, options: { format, ...minified } };
      const { root, bundler } = await bundlerOf(t, USES, config);
      await bundler.build(signal);
      await bundler.build(signal);
      const mirror = await moved(t, root);
      const { stdout, stderr } = await run(process.execPath, [join(mirror, ".devtool/main.js")]);
      assert.deepEqual([stdout, stderr], [PRINTED, ""]);
    });

test("a file that begins to use import.meta is known by the next build, and one that stops too", async (t) => {
  const { root, bundler } = await bundlerOf(t, { "src/main.ts": 'import "./a.ts";', "src/a.ts": "console.log(1);" });
  const printed = async () => {
    await bundler.build(signal);
    return (await run(process.execPath, [join(root, ".devtool/main.js")])).stdout;
  };
  assert.equal(await printed(), "1\n");
  await write(root, { "src/a.ts": "console.log(__filename);" });
  assert.equal(await printed(), `${join(root, "src/a.ts")}\n`);
  await write(root, { "src/a.ts": "console.log(2);" });
  assert.equal(await printed(), "2\n");
});

test("a package that looks for its own files is shipped with them, and so is what it shares with the bundle", async (t) => {
  const { root, bundler } = await bundlerOf(t, {
    "src/main.ts":
      'import { Finder } from "finder";\nimport { Base } from "base";\nimport other from "other";\nconsole.log(Finder, Base, other);',
    "node_modules/finder/package.json": '{ "main": "i.js", "dependencies": { "base": "1" } }',
    "node_modules/finder/i.js":
      "exports.Finder = class extends require('base').Base {};\nexports.text = require('fs').readFileSync(__dirname + '/a.txt', 'utf8');",
    "node_modules/base/package.json": '{ "main": "i.js" }',
    "node_modules/base/i.js": "exports.Base = class {};",
    "node_modules/other/package.json": '{ "main": "i.js" }',
    "node_modules/other/i.js": "// __dirname\nmodule.exports = '__dirname';",
  });
  const { addons } = (await bundler.build(signal)).apart;
  assert.deepEqual(addons.map(({ name }) => name).sort(), ["base", "finder"]);
  assert.doesNotMatch(await readFile(join(root, ".devtool/main.js"), "utf8"), /class/);
});

test("a stack trace names the developer's own file and line, wherever the mirror is", async (t) => {
  const kinds = [{}, { options: { sourcemap: "both" } }, { incremental: true, options: { format: "cjs" } }] as const;
  for (const settings of kinds) {
    const { root, bundler } = await bundlerOf(
      t,
      {
        "package.json": '{ "type": "module" }',
        "src/main.ts": 'import { fail } from "./(group)/[id] 100% 服务.ts";\n\nfail();\n',
        "src/(group)/[id] 100% 服务.ts":
          "export function fail(): never {\n  const a: number = 1;\n  throw new Error(String(a));\n}\n",
      },
      settings,
    );
    await bundler.build(signal);
    const mirror = await moved(t, root);
    const program = run(process.execPath, ["--enable-source-maps", join(mirror, ".devtool/main.js")]);
    await assert.rejects(program, (error: Error & { stderr?: string }) => {
      assert.ok(error.stderr?.includes(`(${root}/src/(group)/[id] 100% 服务.ts:3:9)`), error.stderr);
      assert.ok(error.stderr?.includes(`(${root}/src/main.ts:3:1)`), error.stderr);
      return true;
    });
  }
});

test("a plugin's own result for a file finds what lies beside it too", async (t) => {
  const upperCase = {
    name: "upper-case",
    setup: (build: import("esbuild").PluginBuild) => {
      build.onLoad({ filter: /a\.ts$/ }, async ({ path }) => ({
        contents: (await readFile(path, "utf8")).replace("word", "WORD"),
        loader: "ts",
      }));
    },
  };
  const { root, bundler } = await bundlerOf(
    t,
    { "src/main.ts": 'import "./a.ts";', "src/a.ts": '"use strict";\nconsole.log("word", __filename as string);\n' },
    { options: { plugins: [upperCase] } },
  );
  await bundler.build(signal);
  const { stdout } = await run(process.execPath, [join(root, ".devtool/main.js")]);
  assert.equal(stdout, `WORD ${join(root, "src/a.ts")}\n`);
});

const STARTS = {
  "package.json": '{ "type": "module" }',
  "src/main.ts": `import { fork } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker } from "node:worker_threads";
if (!isMainThread) console.log("itself in a thread" as string);
else if (process.env["FORKED"]) console.log("itself in a process", process.argv[1] === fileURLToPath(import.meta.url));
else if (!cluster.isPrimary) { console.log("itself in a cluster"); process.disconnect(); }
else {
  await once(new Worker(new URL("./worker.ts", import.meta.url)), "exit");
  await once(new Worker(fileURLToPath(import.meta.url)), "exit");
  await once(fork(fileURLToPath(import.meta.url), { env: { FORKED: "1" } }), "exit");
  await once(cluster.fork(), "exit");
}
`,
  "src/worker.ts": 'console.log("a worker" as string);\n',
};

test("a source that is started and is no entry point is named with what to do; what else is started is as it was", async (t) => {
  const start = `import { fork } from "node:child_process";
import { Worker } from "node:worker_threads";
try { new Worker(new URL("./work%20er.ts", import.meta.url)); } catch (error) { console.log(error.message); }
try { fork("src/child.js"); } catch (error) { console.log(error.message); }
new Worker(new URL("data:text/javascript,console.log('data')"));
new Worker("console.log('code')", { eval: true });`;
  const { root, bundler } = await bundlerOf(t, { "src/main.ts": start });
  await bundler.build(signal);
  const { stdout } = await run(process.execPath, [".devtool/main.js"], { cwd: root });
  const remedy = "is not on the target: add it, or its source, to bundle.entryPoints in devtool's configuration";
  const lines = stdout.trimEnd().split("\n");
  assert.deepEqual(lines.slice(0, 2), [`src/work er.ts ${remedy}`, `src/child.js ${remedy}`]);
  assert.deepEqual(lines.slice(2).sort(), ["code", "data"]);
});

const AGAIN = `import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
const [node, self = "", ...args] = [process.execPath, ...process.argv.slice(1)];
if (args.length > 0) console.log(args.join(" "));
else void (async () => {
  const words = (name: string) => ["--no-warnings", self, name, self];
  spawn(node, words("spawn"), { stdio: "inherit" }).on("exit", () => execFile("echo", (_error, stdout) => console.log(stdout === "\\n")));
  console.log(spawnSync(node, words("spawnSync"), { encoding: "utf8" }).stdout, execFileSync(node, [fileURLToPath(import.meta.url), "x"], { encoding: "utf8" }));
  console.log((await promisify(execFile)(node, words("promised"))).stdout, spawnSync("echo", [self], { encoding: "utf8" }).stdout);
})();
`;

for (const format of ["esm", "cjs"] as const)
  test(`a program starts itself again by Node.js and its path: ${format}`, async (t) => {
    const { root, bundler } = await bundlerOf(t, { "src/main.ts": AGAIN }, { options: { format } });
    await bundler.build(signal);
    await rm(join(root, "src"), { recursive: true });
    const { stdout } = await run(process.execPath, [join(root, ".devtool/main.js")]);
    const self = join(root, "src/main.ts");
    const printed = [`spawnSync ${self}`, "x", `promised ${self}`, self, `spawn ${self}`, "true"];
    assert.deepEqual(
      stdout
        .split("\n")
        .map((line) => line.trim())
        .filter(Boolean)
        .sort(),
      printed.sort(),
    );
  });

const COMPILED = {
  "src/main.ts": `import { fork } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
void (async () => {
  for (const file of ["./src/worker.ts", "./src/worker.js", "./src/worker.mjs"]) await once(new Worker(file), "exit");
  for (const file of ["src/child.js", "src/child", "src/own.js"]) await once(fork(file), "exit");
})();
`,
  "src/worker.ts": 'console.log("worker.ts" as string);\n',
  "src/worker.mts": 'console.log("worker.mts" as string);\n',
  "src/child.tsx": 'console.log("child.tsx" as string);\n',
  "src/own.ts": 'console.log("own.ts" as string);\n',
  "src/own.js": 'console.log("own.js");\n',
};

for (const format of ["esm", "cjs"] as const)
  test(`an entry point is started by the path of what its source compiles to, from the working directory too: ${format}`, async (t) => {
    const entryPoints = {
      main: "src/main.ts",
      a: "src/worker.ts",
      b: "src/worker.mts",
      c: "src/child.tsx",
      d: "src/own.ts",
    };
    const { root, bundler } = await bundlerOf(t, COMPILED, { entryPoints, options: { format } });
    await bundler.build(signal);
    const { stdout } = await run(process.execPath, [".devtool/main.js"], { cwd: root });
    const printed = ["worker.ts", "worker.ts", "worker.mts", "child.tsx", "child.tsx", "own.js"];
    assert.deepEqual(stdout.trimEnd().split("\n"), printed);
  });

for (const format of ["esm", "cjs"] as const)
  test(`an entry point is started by its source's path, which is all that a source knows: ${format}`, async (t) => {
    const main = format === "esm" ? STARTS["src/main.ts"] : `void (async () => {\n${STARTS["src/main.ts"]}`;
    const parts = main.split("\n");
    const imports = parts.filter((line) => line.startsWith("import "));
    const rest = parts.filter((line) => !line.startsWith("import "));
    const text = [...imports, ...rest, format === "cjs" ? "})();" : ""].join("\n");
    const { root, bundler } = await bundlerOf(
      t,
      { ...STARTS, "src/main.ts": text },
      { entryPoints: { main: "src/main.ts", "threads/worker": "src/worker.ts" }, options: { format } },
    );
    await bundler.build(signal);
    const { stdout } = await run(process.execPath, [join(root, ".devtool/main.js")]);
    assert.equal(stdout, "a worker\nitself in a thread\nitself in a process true\nitself in a cluster\n");
  });
