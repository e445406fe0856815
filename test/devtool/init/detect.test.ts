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
    "a Node.js server by a file without a suffix, and folders that it reads",
    {
      "package.json": '{"scripts":{"start":"node ./bin/www"}}',
      "bin/www": "",
      "app.js": "",
      "public/a.css": "",
      "views/a.ejs": "",
    },
    {
      bundle: { entryPoints: { www: "bin/www" }, loader: { "": "js" } },
      sync: { include: ["public/", "views/"] },
      run: ["node", "--", ".devtool/www.js"],
    },
  ],
  [
    "a Node.js program by a name without the suffix, behind options with values",
    {
      "package.json": '{"scripts":{"dev":"FOO=1 nodemon -r dotenv/config src/go && x"}}',
      "src/go.js": "",
      "index.js": "",
    },
    node("src/go.js", "go"),
  ],
  [
    "a Node.js program with the file of variables that it is started with",
    { "package.json": '{"scripts":{"start":"node --env-file .env.dev src/go.js"}}', ".env.dev": "", "src/go.js": "" },
    { ...node("src/go.js", "go"), envFile: ".env.dev" },
  ],
  [
    "a Node.js program whose packages read .env",
    { "package.json": '{"dependencies":{"dotenv":"16"}}', ".env": "A=1", "index.js": "" },
    { ...node("index.js", "index"), envFile: ".env" },
  ],
  [
    "a Node.js program whose packages would read .env, which is not there",
    { "package.json": '{"devDependencies":{"dotenv":"16"}}', "index.js": "" },
    node("index.js", "index"),
  ],
  [
    "a Python program whose packages read .env",
    { "main.py": "", "requirements.txt": "flask\npython-dotenv>=1\n", ".env": "" },
    { run: ["python3", "main.py"], envFile: ".env" },
  ],
  [
    "a Node.js program with a native part",
    { "package.json": "{}", "main.ts": "", "native/Makefile": "" },
    { ...node("main.ts", "main"), native: { folder: "native" } },
  ],
  [
    "an npm workspace by the package that starts a program, not by a library",
    {
      "package.json": '{"workspaces":["packages/*"]}',
      "packages/core/package.json": '{"main":"dist/index.js","scripts":{"build":"tsc"}}',
      "packages/core/src/index.ts": "",
      "packages/server/package.json": '{"scripts":{"start":"node dist/server.js"}}',
      "packages/server/src/server.ts": "",
      "packages/server/views/a.ejs": "",
    },
    { ...node("packages/server/src/server.ts", "server"), sync: { include: ["packages/server/views/"] } },
  ],
  [
    "a pnpm workspace whose packages are listed in its file",
    {
      "package.json": '{"scripts":{"dev":"pnpm -r dev"}}',
      "pnpm-workspace.yaml": 'packages:\n  # all\n  - "apps/*"\n  - tools\ncatalog:\n  - other\n',
      "apps/web/package.json": '{"scripts":{"dev":"vite"}}',
      "apps/web/src/main.ts": "",
      "tools/package.json": '{"bin":{"tool":"./cli.js"}}',
      "tools/cli.js": "",
    },
    node("tools/cli.js", "cli"),
  ],
  [
    "a workspace of libraries",
    { "package.json": '{"workspaces":{"packages":["a"]}}', "a/package.json": "{}" },
    undefined,
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
  [
    "a Rust workspace by the program among its members",
    {
      "Cargo.toml": '[workspace]\nmembers = [\n  "crates/*",\n]\n',
      "crates/core/Cargo.toml": '[package]\nname = "core-of-it"\n',
      "crates/core/src/lib.rs": "",
      "crates/tool/Cargo.toml": '[package]\nname = "tool"\n',
      "crates/tool/src/main.rs": "",
    },
    { build: ["cargo"], run: ["target/debug/tool"] },
  ],
  [
    "a Rust crate of several programs by the one that cargo runs",
    {
      "Cargo.toml": '[package]\nname = "many"\ndefault-run = "two"\n\n[dependencies]\n[[bin]]\nname = "one"\n',
      "src/bin/two.rs": "",
    },
    { build: ["cargo"], run: ["target/debug/two"] },
  ],
  [
    "a Rust library with programs in src/bin",
    { "Cargo.toml": '[package]\nname = "lib-and"\n', "src/lib.rs": "", "src/bin/go.rs": "" },
    { build: ["cargo"], run: ["target/debug/go"] },
  ],
  [
    "a Rust library by its tests",
    { "Cargo.toml": '[package]\nname = "only-lib"\n', "src/lib.rs": "" },
    { build: ["cargo"], run: ["cargo", "test"] },
  ],
  [
    "a Go module with its programs in cmd",
    {
      "go.mod": "module example.com/you/web/v2\n",
      "web.go": "// Package web serves.\npackage web\n",
      "cmd/admin/main.go": "package main\n",
      "cmd/web/main.go": "package main\n",
    },
    { build: [{ tool: "go", args: ["-o", ".devtool/web", "./cmd/web"] }], run: [".devtool/web"] },
  ],
  [
    "a Go library by its tests",
    { "go.mod": "module example.com/you/lib\n", "lib.go": "package lib\n" },
    { build: ["go"], run: ["go", "test", "./..."] },
  ],
  [
    "a cmake project whose program is called as the project, and is put elsewhere",
    {
      "CMakeLists.txt": `project(game C)\n# add_executable(old a.c)\nset(CMAKE_RUNTIME_OUTPUT_DIRECTORY \${CMAKE_BINARY_DIR}/bin)\nadd_executable(sdl IMPORTED)\nadd_executable(\${PROJECT_NAME} main.c)\n`,
    },
    { build: ["cmake"], run: ["build/bin/game"] },
  ],
  [
    "a cmake project whose program has another name than its target, in a folder of its own",
    {
      "CMakeLists.txt": `project(game)\nadd_library(core a.c)\nadd_executable(game_app main.c)\nset_target_properties(core PROPERTIES OUTPUT_NAME core2)\nset_target_properties(core game_app\n  PROPERTIES CXX_STANDARD 17 OUTPUT_NAME "\${PROJECT_NAME}")\nset_property(TARGET game_app PROPERTY RUNTIME_OUTPUT_DIRECTORY \${CMAKE_BINARY_DIR}/bin)\n`,
    },
    { build: ["cmake"], run: ["build/bin/game"] },
  ],
  [
    "a cmake project with its program in a folder below",
    {
      "CMakeLists.txt": "project(game)\nadd_subdirectory(lib)\nadd_subdirectory(src)\n",
      "lib/CMakeLists.txt": "add_library(game a.c)\n",
      "src/CMakeLists.txt": `set(TARGET play)\nadd_executable(\${TARGET} main.c)\n`,
    },
    { build: ["cmake"], run: ["build/src/play"] },
  ],
  ["a cmake library", { "CMakeLists.txt": "project(lib)\nadd_library(lib a.c)\n" }, { build: ["cmake"] }],
  [
    "a Django project",
    { "manage.py": "", "pyproject.toml": "" },
    { run: ["python3", "manage.py", "runserver", "--noreload"] },
  ],
  [
    "a Python package in src by what its script calls",
    { "pyproject.toml": '[tool.poetry.scripts]\nmy-tool = "tool.cli:main"\n', "src/tool/cli.py": "def main(): ..." },
    { env: { PYTHONPATH: "src" }, run: ["python3", "-c", "import sys; from tool.cli import main; sys.exit(main())"] },
  ],
  [
    "a Python service whose package has a module that is made to be run",
    {
      "requirements.txt": "flask\n",
      "tests/__init__.py": "",
      "tests/test_app.py": "if __name__ == '__main__': ...\n",
      "menu/__init__.py": "",
      "menu/app.py": "if __name__ == '__main__':\n    app.run()\n",
    },
    { run: ["python3", "-m", "menu.app"] },
  ],
  [
    "a Python project of tests in a folder that is no package",
    { "requirements.txt": "flask\n", "tests/test_app.py": "" },
    { run: ["python3", "-m", "unittest", "discover", "tests"] },
  ],
  [
    "a Python package that runs itself",
    { "pyproject.toml": "[project]\nname = 'tool'\n", "tool/__main__.py": "" },
    { run: ["python3", "-m", "tool"] },
  ],
  [
    "a Python package by the script of its setup.cfg",
    {
      "setup.py": "from setuptools import setup\nsetup()\n",
      "setup.cfg":
        "[metadata]\nname = tool\n\n[options.entry_points]\nconsole_scripts =\n    my-tool = tool.cli:main\n",
      "tool/cli.py": "def main(): ...",
      Makefile: "test:\n\tpytest\n",
    },
    { run: ["python3", "-c", "import sys; from tool.cli import main; sys.exit(main())"] },
  ],
  [
    "a Python package by the script of its setup.py",
    {
      "setup.py": 'setup(\n  entry_points={"console_scripts": ["my-tool=tool:main"]},\n)\n',
      "src/tool/__init__.py": "def main(): ...",
    },
    { env: { PYTHONPATH: "src" }, run: ["python3", "-c", "import sys; from tool import main; sys.exit(main())"] },
  ],
  [
    "a Python project by the file that is made to be run",
    {
      "requirements.txt": "requests\n",
      "helpers.py": "",
      "crawl.py": 'if __name__ == "__main__":\n    pass\n',
      "test_crawl.py": 'if __name__ == "__main__":\n    pass\n',
    },
    { run: ["python3", "crawl.py"] },
  ],
  [
    "a Python library by its tests",
    { "setup.py": "", "lib/__init__.py": "", "requirements.txt": "pytest>=7\n" },
    { run: ["python3", "-m", "pytest"] },
  ],
  [
    "a Python library by the tests of Python's own",
    { "setup.py": "", "lib/__init__.py": "" },
    { run: ["python3", "-m", "unittest"] },
  ],
  [
    "a shell project by the script that is called as programs are, with the shell that it names",
    { "install.sh": "", "main.sh": "#!/usr/bin/env bash\necho\n" },
    { run: ["bash", "main.sh"] },
  ],
  ["a shell script", { "deploy.sh": "#!/bin/bash -e\n" }, { run: ["bash", "-e", "deploy.sh"] }],
  ["a folder of several scripts", { "a.sh": "", "b.sh": "" }, undefined],
  [
    "a web site by the script that serves it, and the port",
    {
      "package.json": '{"scripts":{"dev":"vite --host","build":"tsc && vite build"}}',
      "src/main.ts": "",
      "package-lock.json": "{}",
    },
    {
      afterSync: [{ changed: ["package-lock.json"], run: ["npm", "ci"] }],
      run: ["npm", "run", "dev"],
      restart: { ignore: ["*", "!/package.json"] },
      forward: ["5173"],
    },
  ],
  [
    "a web site with a port of its own and another lock file",
    { "package.json": '{"scripts":{"start":"next dev -p 4000"}}', "pnpm-lock.yaml": "" },
    {
      afterSync: [{ changed: ["pnpm-lock.yaml"], run: ["pnpm", "install", "--frozen-lockfile"] }],
      run: ["pnpm", "run", "start"],
      restart: { ignore: ["*", "!/package.json"] },
      forward: ["4000"],
    },
  ],
  [
    "a CommonJS server, which may ask whether it is the program",
    {
      "package.json": "{}",
      "server.js": "const http = require('http')\nif (require.main === module) http.createServer()\n",
    },
    {
      bundle: { entryPoints: { server: "server.js" }, format: "cjs" },
      run: ["node", "--", ".devtool/server.js"],
    },
  ],
  [
    "a NestJS server by the script that compiles it at each change",
    {
      "package.json": '{"scripts":{"build":"nest build","start":"nest start","start:dev":"nest start --watch"}}',
      "src/main.ts": "",
    },
    {
      afterSync: [{ changed: ["package.json"], run: ["npm", "install", "--no-package-lock"] }],
      run: ["npm", "run", "start:dev"],
      restart: { ignore: ["*", "!/package.json"] },
      forward: ["3000"],
    },
  ],
  [
    "a server of fastify-cli, started again by devtool where it takes no changes",
    {
      "package.json": '{"main":"app.ts","scripts":{"start":"npm run build:ts && fastify start -l info dist/app.js"}}',
      "src/app.ts": "",
      "package-lock.json": "{}",
    },
    {
      afterSync: [{ changed: ["package-lock.json"], run: ["npm", "ci"] }],
      run: ["npm", "run", "start"],
      forward: ["3000"],
    },
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
