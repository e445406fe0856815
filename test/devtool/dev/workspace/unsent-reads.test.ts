import assert from "node:assert/strict";
import { test } from "node:test";
import { unsentReads } from "../../../../devtool/dev/workspace/unsent-reads.ts";
import { readProjectFiles } from "../../../../devtool/dev/workspace/workspace.ts";
import { bundlerOf, write } from "../../bundle/bundlers.ts";

const SOURCES = {
  "src/main.ts": `import { readFileSync } from "node:fs";
import path from "node:path";
import "./deep/other.ts";
readFileSync(new URL("./add.wasm", import.meta.url));
path.join(__dirname, "..", "sql", "q.sql");
path.join(import.meta.dirname, '..', 'views', process.argv[2]!);
readFileSync(__dirname + "/a.txt");
readFileSync(\`\${__dirname}/b.txt\`);
readFileSync("root.yml");
`,
  "src/deep/other.ts": `import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
readdirSync("data/", { recursive: true });
const load = createRequire(import.meta.url);
console.log(load("../../package.json").version, load("deep"), require("../bundled.json"), readdirSync("data"));
const elsewhere = ["sent.txt", "/etc/hostname", "../.."].map((name) => new URL(name, import.meta.url));
readdirSync("/etc");
new URL("./sent.txt", import.meta.url); new URL("./gone.txt", import.meta.url); new URL("../../..", import.meta.url);
new URL("./secret", import.meta.url); new URL("./code.js", import.meta.url); new URL("..", import.meta.url);
`,
};
const READ = [
  "package.json",
  "src/add.wasm",
  "sql/q.sql",
  "views/v.html",
  "src/a.txt",
  "src/b.txt",
  "root.yml",
  "data/d",
];
const OTHER = ["src/deep/sent.txt", "src/deep/secret", "src/deep/code.js", "src/deep/deep/x", "etc/x"];

test("what the sources read by a path of theirs and is not sent is named with its line and what to do", async (t) => {
  const files = Object.fromEntries([...READ, ...OTHER, "src/bundled.json"].map((path) => [path, "{}"]));
  const { root, bundler } = await bundlerOf(t, { ...files, ...SOURCES });
  await write(root, { ".gitignore": "secret\n" });
  const warned = async (include: readonly string[]) => {
    const sync = { include: ["/.devtool/", "/src/deep/sent.txt", ...include], written: [], exclude: [] };
    return unsentReads(root, (await bundler.build(t.signal)).reads, await readProjectFiles({ root, sync }));
  };
  const patterns = [
    "/data/",
    "/package.json",
    "src/add.wasm",
    "sql/q.sql",
    "/views/",
    "src/a.txt",
    "src/b.txt",
    "/root.yml",
  ];
  const found = await warned(["views/none/", "*.none"]);
  assert.deepEqual(
    found.map(({ text }) => text),
    patterns.map(
      (one) => `${one.replace(/^\/|\/$/g, "")} is not sent: add "${one}" to sync.include in devtool's configuration`,
    ),
  );
  const places = found.map(({ file, line, column }) => `${file}:${line}:${column}`);
  assert.deepEqual(
    [places[0], places[2], places[5]],
    ["src/deep/other.ts:3:13", "src/main.ts:4:22", "src/main.ts:7:26"],
  );
  assert.deepEqual(await warned([...patterns, "*.elsewhere"]), []);
  await write(root, { "src/main.ts": "" });
  assert.deepEqual(await warned([]), []);
});

test("what generated code reads beside itself is named, though git ignores both, and modules of a folder are not to be sent", async (t) => {
  const { root, bundler } = await bundlerOf(t, {
    "src/main.ts": 'import "./gen/client.js";\nimport { join } from "node:path";\njoin(__dirname, "plugins");',
    "src/gen/client.js": 'require("node:path").join(__dirname, "engine.node");',
    "src/gen/engine.node": "",
    "src/plugins/a.ts": "",
    ".gitignore": "gen/\n",
  });
  const sync = { include: ["/.devtool/"], written: [], exclude: [] };
  const { reads } = await bundler.build(t.signal);
  const found = unsentReads(root, reads, await readProjectFiles({ root, sync }));
  assert.deepEqual(found.map(({ text }) => text).toSorted(), [
    `src/gen/engine.node is not sent: add "src/gen/engine.node" to sync.include in devtool's configuration`,
    "the modules of src/plugins are in no bundle: import them by name, or run the project without bundle in devtool's configuration",
  ]);
});
