import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checkConfig } from "../../../devtool/config/schema.ts";
import { detect } from "../../../devtool/init/detect.ts";
import { temporaryDirectory } from "../../rig/host.ts";

const node = (entry: string, name: string) => ({
  bundle: { entryPoints: { [name]: entry } },
  run: ["node", "--", `.devtool/${name}.js`],
});

const PROJECTS: readonly (readonly [string, Readonly<Record<string, string>>, object | undefined])[] = [
  ["a Node.js server by its sources", { "package.json": "{}", "src/server.ts": "" }, node("src/server.ts", "server")],
  [
    "a Node.js program by what its package starts, though it has a Makefile",
    {
      "package.json": '{"scripts":{"start":"node --inspect ./lib/go.js"}}',
      "lib/go.js": "",
      "index.js": "",
      Makefile: "",
    },
    node("lib/go.js", "go"),
  ],
  [
    "a Node.js package by the source of its main",
    { "package.json": '{"main":"./dist/tool.js"}', "src/tool.ts": "" },
    node("src/tool.ts", "tool"),
  ],
  [
    "a Node.js program with a native part",
    { "package.json": "{}", "main.ts": "", "native/Makefile": "" },
    { ...node("main.ts", "main"), native: { folder: "native" } },
  ],
  [
    "a Rust crate",
    { "Cargo.toml": '[package]\nversion = "1.0.0"\nname = "fast"\n' },
    { build: ["cargo"], run: ["target/debug/fast"] },
  ],
  [
    "a Go module",
    { "go.mod": "module example.com/you/web\n\ngo 1.19\n" },
    { build: [{ tool: "go", args: ["-o", ".devtool/web", "."] }], run: [".devtool/web"] },
  ],
  [
    "a cmake project",
    { "CMakeLists.txt": "project(p)\nadd_executable( play main.c)\n" },
    { build: ["cmake"], run: ["build/play"] },
  ],
  ["a Python program", { "main.py": "", "requirements.txt": "" }, { run: ["python3", "main.py"] }],
  [
    "a Python package by its script",
    { "pyproject.toml": '[project.scripts]\ntool = "tool.cli:main"\n' },
    { run: ["python3", "-m", "tool.cli"] },
  ],
  [
    "a C program with its Makefile in the root",
    { Makefile: "CC := gcc\n.PHONY: all\nall: hello\nhello: hello.o\nhello.o: hello.c\n", "hello.c": "" },
    { build: ["make"], run: ["./hello"] },
  ],
  ["a folder of notes", { "notes.txt": "" }, undefined],
  ["a package.json that is not valid JSON", { "package.json": "{", "index.js": "" }, undefined],
];

for (const [kind, files, config] of PROJECTS) {
  test(`${kind} gets the configuration that fits it, and a valid one`, async (t) => {
    const root = await temporaryDirectory(t);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    const found = await detect(root);
    assert.deepEqual(found?.config, config);
    if (found) checkConfig(found.config, "config");
  });
}
