import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { parse } from "jsonc-parser";
import { Failure } from "../../../devtool/failure.ts";
import { EDITORS, type Editor, writeFor } from "../../../devtool/ide/write.ts";
import { needs } from "../../rig/host.ts";
import { lacks, makeProject, type Project, startDevtool } from "../rig.ts";

const REPOSITORY = join(import.meta.dirname, "../../..");

/** A project that has devtool installed, as `npm install` of the package leaves it. */
async function installed(t: TestContext): Promise<Project> {
  const project = await makeProject(t, {
    "devtool.config.ts": `export default {
  bundle: { entryPoints: { main: "src/main.ts" } },
  native: { folder: "native" },
  run: ["node", ".devtool/main.js"],
  target: "local",
};\n`,
    "package.json": '{ "type": "module", "scripts": { "test": "echo tested" } }',
  });
  await mkdir(join(project.root, "node_modules/.bin"), { recursive: true });
  await symlink(REPOSITORY, join(project.root, "node_modules/tinydocker"));
  await symlink("../tinydocker/dist/devtool.cjs", join(project.root, "node_modules/.bin/devtool"));
  return project;
}

const INTEGRATION = { devtool: ["npx", "--no", "--", "devtool"], options: [], words: [], isNode: true, hasTests: true };

/** What is said of each file. */
async function ide(project: Project, editor: Editor, words: readonly string[] = [], replaces = false): Promise<string> {
  const said: string[] = [];
  await writeFor(editor, { ...INTEGRATION, words }, project.root, replaces, (text) => void said.push(text));
  return said.join("\n");
}

/** What the project has apart from its own files. */
async function generated(root: string): Promise<ReadonlyMap<string, string>> {
  const paths = await readdir(root, { recursive: true, withFileTypes: true });
  const files = paths.filter(
    (entry) =>
      entry.isFile() &&
      /\.(vscode|run|zed)$|^\.nvim\.lua$/.test(
        `${entry.parentPath.slice(root.length + 1)}${entry.parentPath === root ? entry.name : ""}`,
      ),
  );
  return new Map(
    await Promise.all(
      files.map(
        async ({ parentPath, name }) =>
          [join(parentPath, name).slice(root.length + 1), await readFile(join(parentPath, name), "utf8")] as const,
      ),
    ),
  );
}

for (const editor of EDITORS) {
  test(`${editor}: a second time nothing changes, and what someone edited stays until --force`, async (t) => {
    const project = await installed(t);
    assert.match(await ide(project, editor), /wrote/);
    const files = await generated(project.root);
    assert.ok(files.size > 0);
    const again = await ide(project, editor);
    assert.match(again, /is up to date/);
    assert.doesNotMatch(again, /wrote/);
    assert.deepEqual(await generated(project.root), files);

    const [path = "", text = ""] = [...files].find(([, content]) => content.includes("watch")) ?? [];
    const edited = text.replace("npx", "pnpm");
    assert.notEqual(edited, text);
    await project.write({ [path]: edited });
    assert.match(await ide(project, editor), /kept as it was edited: .*; --force replaces it/);
    assert.equal((await generated(project.root)).get(path), edited);
    await ide(project, editor, [], true);
    assert.deepEqual(await generated(project.root), files);
  });
}

test("files that git checked out with the line ends of Windows are as they were written", async (t) => {
  const project = await makeProject(t);
  for (const editor of EDITORS) {
    await ide(project, editor);
    const checkedOut = [...(await generated(project.root))].map(
      ([path, text]) => [path, text.replaceAll(/\r?\n/g, "\r\n")] as const,
    );
    await project.write(Object.fromEntries(checkedOut));
    assert.doesNotMatch(await ide(project, editor), /wrote|kept/);
  }
});

test("Neovim's quickfix list has what every tool reports, with and without a column", async (t) => {
  if (!needs(t, lacks("nvim"))) return;
  const project = await makeProject(t);
  await ide(project, "neovim");
  const printed = [
    "native/a.c:3:5: error: one",
    "native/Makefile:2: warning: two",
    "native/a b.h:1: note: three",
    "   12 | int x",
  ];
  await project.write({ printed: printed.join("\n") });
  const show = `call chansend(v:stderr, map(getqflist(), "bufname(v:val.bufnr) .. ' ' .. v:val.lnum .. v:val.type"))`;
  const commands = ["luafile .nvim.lua", "cgetfile printed", show, "qa!"].flatMap((line) => ["-c", line]);
  const listed = await promisify(execFile)("nvim", ["--headless", "-u", "NONE", ...commands], { cwd: project.root });
  assert.equal(listed.stderr, ["native/a.c 3e", "native/Makefile 2w", "native/a b.h 1n"].join("\n"));
});

test("others' tasks, comments and indentation in a file stay as they are", async (t) => {
  const project = await installed(t);
  const before =
    '// mine\n{\n\t"version": "2.0.0",\n\t"tasks": [\n\t\t{ "label": "mine", "type": "npm", "script": "x" }, // used daily\n\t],\n}\n';
  await project.write({ ".vscode/tasks.json": before });
  await ide(project, "vscode");
  const after = await readFile(join(project.root, ".vscode/tasks.json"), "utf8");
  assert.match(after, /^\/\/ mine\n\{\n\t"version"/);
  assert.ok(after.includes('{ "label": "mine", "type": "npm", "script": "x" }, // used daily\n'));
  assert.match(after, /\n\t\t\t"label": "devtool: watch"/);
  const labels = (parse(after) as { tasks: { label: string }[] }).tasks.map(({ label }) => label);
  assert.deepEqual(labels, [
    "mine",
    "devtool: watch",
    "devtool: run",
    "devtool: debug",
    "devtool: build",
    "devtool: test",
  ]);
});

test("a list that is null is none yet", async (t) => {
  const project = await installed(t);
  await project.write({ ".vscode/launch.json": '{ "version": "0.2.0", "configurations": null }\n' });
  await ide(project, "vscode");
  const launch = parse(await readFile(join(project.root, ".vscode/launch.json"), "utf8"));
  assert.equal((launch as { configurations: { name: string }[] }).configurations[0]?.name, "devtool: attach");
});

test("a file with comments alone keeps them, and gets the tasks", async (t) => {
  const project = await installed(t);
  for (const comments of ["// mine", "/* mine */\n"]) {
    await project.write({ ".vscode/tasks.json": comments });
    assert.match(await ide(project, "vscode"), /wrote .vscode\/tasks.json/);
    const text = await readFile(join(project.root, ".vscode/tasks.json"), "utf8");
    assert.ok(text.startsWith(`${comments.trim()}\n{`), text);
    assert.equal((parse(text) as { tasks: { label: string }[] }).tasks[0]?.label, "devtool: watch");
  }
});

test("a file that begins with a byte order mark keeps it, and an empty one counts as none", async (t) => {
  const project = await installed(t);
  await project.write({
    ".vscode/tasks.json": '\ufeff{ "tasks": [{ "label": "mine" }] }\r\n',
    ".vscode/launch.json": "\n",
  });
  assert.match(await ide(project, "vscode"), /wrote .vscode\/launch.json/);
  const tasks = await readFile(join(project.root, ".vscode/tasks.json"), "utf8");
  assert.match(tasks, /^\ufeff\{ "tasks": \[/);
  assert.deepEqual((parse(tasks.slice(1)) as { tasks: { label: string }[] }).tasks[0], { label: "mine" });
  assert.doesNotMatch(await ide(project, "vscode"), /wrote/);
});

test("a file that is not valid is named with its line, and none is written", async (t) => {
  const project = await installed(t);
  for (const [text, why] of [
    [
      '{\n  "version": "2.0.0",\n  "configurations": [ { ]\n}\n',
      /\.vscode\/launch\.json can't be extended: line 3: property name expected$/,
    ],
    ['{ "configurations": {} }', /configurations is not an array/],
    ["[]", /it is not an object/],
    ['{ "configurations": [], "configurations": [] }', /it has "configurations" twice/],
  ] as const) {
    await project.write({ ".vscode/launch.json": text });
    await assert.rejects(ide(project, "vscode"), (error) => {
      assert.ok(error instanceof Failure);
      assert.match(error.message, why);
      return error.exitCode === 2 && error.code === "editor-file-invalid";
    });
    assert.deepEqual([...(await generated(project.root)).keys()], [".vscode/launch.json"]);
  }
});

test("a part of .nvim.lua that has lost its end is named, and no second one is written", async (t) => {
  const project = await installed(t);
  const text = "-- devtool: begin\nvim.o.makeprg = 'make'\n";
  await project.write({ ".nvim.lua": text });
  await assert.rejects(ide(project, "neovim", [], true), {
    code: "editor-file-invalid",
    message: '.nvim.lua can\'t be extended: it has "-- devtool: begin" without "-- devtool: end"',
  });
  assert.equal(await readFile(join(project.root, ".nvim.lua"), "utf8"), text);
});

test("a named pipe in the place of a file is refused", async (t) => {
  const project = await installed(t);
  execFileSync("mkfifo", [join(project.root, ".nvim.lua")]);
  await assert.rejects(ide(project, "neovim"), {
    code: "editor-file-invalid",
    message: ".nvim.lua can't be read: it is not a regular file",
  });
});

test("a file that is not UTF-8 is left as it is: what can't be read would be lost when it is written", async (t) => {
  const project = await installed(t);
  const path = join(project.root, ".vscode/tasks.json");
  const text = Buffer.from('{ "version": "2.0.0", "tasks": [{ "label": "caf\xe9" }] }', "latin1");
  await project.write({ ".vscode/tasks.json": "" });
  await writeFile(path, text);
  await assert.rejects(ide(project, "vscode"), {
    code: "editor-file-invalid",
    message: /can't be read: it is not UTF-8/,
  });
  assert.deepEqual(await readFile(path), text);
});

test("an editor that is not known, and a project without a command, are refused", async (t) => {
  const project = await installed(t);
  for (const args of [[], ["emacs"]]) {
    const { code, stderr } = await startDevtool(t, project, ["ide", ...args]).ended;
    assert.equal(code, 2);
    assert.match(stderr, /takes vscode, jetbrains, zed, neovim, got/);
  }
  await project.write({ "devtool.config.ts": "export default {};\n" });
  const { code, stderr } = await startDevtool(t, project, ["ide", "vscode"]).ended;
  assert.equal(code, 2);
  assert.match(stderr, /there is no command to run/);
});

test("a program that tsx runs has a task and settings to debug it, as Node.js's", async (t) => {
  const project = await installed(t);
  await project.write({ "devtool.config.ts": 'export default { run: ["npx", "tsx", "src/main.ts"] };\n' });
  await ide(project, "vscode");
  assert.match(await readFile(join(project.root, ".vscode/launch.json"), "utf8"), /"devtool: attach"/);
});

test("what an editor starts has the target and the configuration that devtool ide was given", async (t) => {
  const project = await installed(t);
  await project.write({ "other.config.mjs": 'export default { run: ["true"], targets: { here: "local" } };\n' });
  const options = ["--config", "other.config.mjs", "--target", "here"];
  assert.equal((await startDevtool(t, project, ["ide", "vscode", ...options]).ended).code, 0);
  const text = await readFile(join(project.root, ".vscode/tasks.json"), "utf8");
  const { tasks } = parse(text) as { tasks: { label: string; args: string[] }[] };
  for (const name of ["watch", "run", "build"])
    assert.deepEqual(tasks.find(({ label }) => label === `devtool: ${name}`)?.args.slice(-5), [name, ...options]);
});

/** The command of a generated task, as its editor starts it: argv, or a shell's command line. */
async function started(project: Project, editor: Editor, name: "run" | "build" | "test"): Promise<readonly string[]> {
  const read = (path: string) => readFile(join(project.root, path), "utf8");
  switch (editor) {
    case "vscode": {
      const { tasks } = parse(await read(".vscode/tasks.json")) as {
        tasks: { label: string; command: string; args: string[] }[];
      };
      const { command = "", args = [] } = tasks.find(({ label }) => label === `devtool: ${name}`) ?? {};
      // VS Code quotes an argument with a space or a character that is special to the shell.
      return [
        "sh",
        "-c",
        [command, ...args.map((word) => (/[\s$&|;<>()*?"'`\\]/.test(word) ? `'${word}'` : word))].join(" "),
      ];
    }
    case "jetbrains": {
      const script = /name="SCRIPT_TEXT" value="([^"]*)"/.exec(await read(`.run/devtool-${name}.run.xml`))?.[1] ?? "";
      return ["bash", "-c", script.replaceAll("&apos;", "'").replaceAll("&amp;", "&")];
    }
    case "zed": {
      const tasks = parse(await read(".zed/tasks.json")) as { label: string; command: string; args: string[] }[];
      const { command = "", args = [] } = tasks.find(({ label }) => label === `devtool: ${name}`) ?? {};
      return [command, ...args];
    }
    case "neovim": {
      const act =
        name === "build" ? ["make!"] : [`Devtool${name === "run" ? "Run" : "Test"}`, "call jobwait([&channel])"];
      const show = "call chansend(v:stderr, join(getline(1, '$'), ''))";
      const commands = ["luafile .nvim.lua", ...act, show, "qa!"];
      return ["nvim", "--headless", "-u", "NONE", ...commands.flatMap((line) => ["-c", line])];
    }
    default:
      return editor satisfies never;
  }
}

for (const editor of EDITORS) {
  test(`${editor}: what it starts is the program on the target, the build, and the tests`, async (t) => {
    if (!needs(t, lacks("rsync", "make", "gcc", ...(editor === "neovim" ? ["nvim"] : [])))) return;
    const project = await installed(t);
    await ide(project, editor, ["a b", "$c"]);
    await project.write({ "src/word.ts": "export const word: string = process.argv.slice(2).join();\n" });
    const env = { ...process.env, HOME: project.home, XDG_CACHE_HOME: join(project.home, "cache") };
    for (const [name, expected] of [
      ["run", "a b,$c c1"],
      ["build", ""],
      ["test", "tested"],
    ] as const) {
      const [file = "", ...args] = await started(project, editor, name);
      const { stdout, stderr } = await promisify(execFile)(file, args, { cwd: project.root, env });
      assert.ok((stdout + stderr).includes(expected), `${name}: ${stdout}${stderr}`);
    }
  });
}

test("the files of this repository are what it writes for it", async () => {
  for (const editor of ["vscode", "jetbrains"] as const) {
    const said: string[] = [];
    const words = ["hello1", "/bin/sh", "-c", "uname -a; ls /"];
    await writeFor(editor, { ...INTEGRATION, words }, REPOSITORY, false, (text) => void said.push(text));
    for (const line of said) assert.match(line, /is up to date$/);
  }
});
