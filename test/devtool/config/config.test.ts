import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { readManifest } from "../../../devtool/bundle/addons/package.ts";
import { loadProject } from "../../../devtool/config/project.ts";
import { checkConfig } from "../../../devtool/config/schema.ts";
import { Failure } from "../../../devtool/failure.ts";
import { editDistance, nearest } from "../../../devtool/report/nearest.ts";
import { temporaryDirectory } from "../../rig/host.ts";

const FILE = "devtool.config.ts";

const TOOLS = '"make" or "cmake" or "cargo" or "go"';

/** A configuration, and the whole error message. */
const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ["an unknown key", { bundel: {} }, "unknown key bundel; did you mean bundle?"],
  ["an unknown key in a part", { sync: { includes: [] } }, "unknown key sync.includes; did you mean sync.include?"],
  [
    "an unknown key of esbuild's",
    { bundle: { entryPoints: ["a.ts"], minfy: true } },
    "unknown key bundle.minfy; did you mean bundle.minify?",
  ],
  [
    "an option of esbuild's that a bundle can't have",
    { bundle: { entryPoints: ["a.ts"], platform: "browser" } },
    "bundle.platform can't be set: the program runs in Node.js",
  ],
  [
    "what is no plugin",
    { bundle: { entryPoints: ["a.ts"], plugins: [{ name: "x" }] } },
    "bundle.plugins[0] is not valid: a plugin is an object with a name and a function setup",
  ],
  [
    "an unknown key of a target",
    { targets: { box: { kind: "ssh", host: "h", hots: "i" } } },
    "unknown key targets.box.hots; did you mean targets.box.host?",
  ],
  [
    "an unknown key unlike any",
    { native: { folder: "n", xylophone: 1 } },
    "unknown key native.xylophone; known keys: folder, target",
  ],
  ["a wrong type", { run: "node x.js" }, 'run must be an array, not the string "node x.js"'],
  ["a wrong type in a list", { run: ["node", 1] }, "run[1] must be a string, not the number 1"],
  ["a wrong type of a part", { bundle: 3 }, "bundle must be an object, not the number 3"],
  ["no object at all", null, "the configuration must be an object, not null"],
  ["a list for the whole", [], "the configuration must be an object, not an array"],
  ["a missing key", { native: {} }, "native.folder is missing"],
  ["no entry points", { bundle: {} }, "bundle.entryPoints is missing"],
  ["an empty list", { run: [] }, "run must not be empty"],
  ["a NUL character", { run: ["a\0b"] }, "run[0] is not valid: no argument, variable or path can have a NUL character"],
  [
    "an unknown kind of target",
    { targets: { box: { kind: "docker" } } },
    'targets.box.kind must be "local", "ssh", "vagrant", "lima" or "multipass"',
  ],
  [
    "a wrong value",
    { bundle: { entryPoints: ["a"], format: "umd" } },
    'bundle.format must be "esm" or "cjs" or "iife", not the string "umd"',
  ],
  [
    "a path on the target that is not absolute",
    { targets: { box: { kind: "ssh", host: "h", mirror: "mirrors" } } },
    "targets.box.mirror is not valid: a path on the target begins with / or ~/",
  ],
  [
    "a setting that a local target has not",
    { targets: { here: { kind: "local", node: "/n" } } },
    "unknown key targets.here.node; known keys: kind, sudo, mirror, rsync, env",
  ],
  [
    "a variable's name that is not one",
    { env: { "A B": "" } },
    "env.A B is not valid: a variable's name has letters, digits and _",
  ],
  ["a step of a wrong tool", { build: ["mak"] }, `build[0] must be ${TOOLS}, not the string "mak"`],
  ["a step of no kind", { build: [3] }, `build[0] must be ${TOOLS} or an object or an array, not the number 3`],
  ["a step without a tool or command", { build: [{}] }, "build[0].tool is missing, or build[0].command is missing"],
  [
    "a wrong type in a step",
    { build: [["make", { command: "x" }]] },
    'build[0][1].command must be an array, not the string "x"',
  ],
  [
    "a key that a step of its kind has not",
    { build: [{ command: ["x"], args: ["y"] }] },
    "unknown key build[0].args; known keys: command, folder, inputs, name",
  ],
  [
    "a mistyped key of a step",
    { build: [{ tool: "make", foldr: "x" }] },
    "unknown key build[0].foldr; did you mean build[0].folder?",
  ],
  [
    "a wrong type of two",
    { bundle: { entryPoints: 3 } },
    "bundle.entryPoints must be an array or an object, not the number 3",
  ],
  ["a target without a host", { targets: { box: { kind: "ssh" } } }, "targets.box.host is missing"],
];

for (const [title, value, message] of REFUSED) {
  test(`the configuration is refused for ${title}, by file and key`, () => {
    assert.throws(
      () => checkConfig(value, FILE),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.equal(error.message, `${FILE}: ${message}`);
        assert.equal(error.exitCode, 2);
        return true;
      },
    );
  });
}

test("every error in a configuration is reported, one per line", () => {
  assert.throws(() => checkConfig({ rum: [], target: 1 }, FILE), {
    message: `${FILE}: target must be a string or an array, not the number 1\n${FILE}: unknown key rum; did you mean run?`,
  });
});

test("a target written as one string is local, vagrant or a host", () => {
  const { targets } = checkConfig({ targets: { here: "local", vm: "vagrant", box: "me@box:2222" } }, FILE);
  assert.deepEqual(targets, {
    here: { kind: "local" },
    vm: { kind: "vagrant" },
    box: { kind: "ssh", host: "me@box:2222" },
  });
});

test("the nearest name is suggested only where it is a likely typo", () => {
  assert.equal(editDistance("bundle", "bundel"), 1);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(nearest("tagret", ["target", "config"]), "target");
  assert.equal(nearest("JSON", ["json"]), "json");
  assert.equal(nearest("completely", ["json", "target"]), undefined);
  assert.equal(nearest("x", []), undefined);
});

async function projectWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await temporaryDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

const SOURCES = { "src/main.ts": "", "native/Makefile": "" };
const BODY = `{ bundle: { entryPoints: { main: "src/main.ts" } }, native: { folder: "./native/" }, run: ["node"] }`;

const WRITTEN: Readonly<Record<string, string>> = {
  "devtool.config.ts": `import { defineConfig } from "tinydocker/config";\nconst typed: string = "node";\nexport default defineConfig(${BODY.replace('"node"', "typed")});`,
  "devtool.config.js": `export default ${BODY};`,
  "devtool.config.mjs": `import { basename } from "node:path";\nexport default { ...${BODY}, run: [basename("/x/node")] };`,
  "devtool.config.json": `{ "bundle": { "entryPoints": { "main": "src/main.ts" } }, "native": { "folder": "native" }, "run": ["node"] }`,
};

for (const [name, text] of Object.entries(WRITTEN)) {
  test(`${name} is found from a folder below it, and its defaults are filled in`, async (t) => {
    const root = await projectWith(t, { ...SOURCES, [name]: text });
    const project = await loadProject(undefined, join(root, "src"));
    assert.equal(project.root, root);
    assert.deepEqual(project.run, ["node"]);
    assert.equal(project.bundle?.outdir, ".devtool");
    assert.equal(project.steps[0]?.[0]?.folder, "native");
    assert.deepEqual(project.sync.include, ["/.devtool/", "/native/"]);
    assert.ok(Object.isFrozen(project) && Object.isFrozen(project.bundle?.entryPoints));
  });
}

test("a project without a bundle, native and sync.include is sent whole, also where it is built in a folder", async (t) => {
  const sent = async (config: object) => {
    const root = await projectWith(t, { ...SOURCES, "devtool.config.json": JSON.stringify(config) });
    return (await loadProject(undefined, root)).sync.include;
  };
  const build = [{ tool: "make", folder: "native" }];
  const bundle = { entryPoints: { main: "src/main.ts" } };
  assert.deepEqual(await sent({ build }), []);
  assert.deepEqual(await sent({ build, bundle }), ["/.devtool/", "/native/"]);
  assert.deepEqual(await sent({ build, sync: { include: ["data/"] } }), ["/native/", "data/"]);
});

test("a configuration and a package.json may begin with a byte order mark, as Windows' programs write them", async (t) => {
  const mark = "\ufeff";
  const json = `${mark}${WRITTEN["devtool.config.json"]}`;
  const root = await projectWith(t, {
    ...SOURCES,
    "devtool.config.json": json,
    "package.json": `${mark}{ "name": "a" }`,
  });
  assert.deepEqual((await loadProject(undefined, root)).run, ["node"]);
  assert.equal(readManifest(root).name, "a");
});

test("a configuration may import a module of the project, and import.meta names its own file", async (t) => {
  const root = await projectWith(t, {
    ...SOURCES,
    "devtool.config.ts": `import { command } from "./tools/command.ts";\nexport default { run: [...command, import.meta.dirname] };`,
    "tools/command.ts": `export const command: string[] = ["node"];`,
  });
  assert.deepEqual((await loadProject(undefined, root)).run, ["node", root]);
});

/** What is wrong with the project, and what the message has to contain. */
const WRONG: readonly (readonly [string, Record<string, string>, RegExp])[] = [
  ["there is no configuration", {}, /^no devtool\.config\.\* in .* or above it$/],
  [
    "there are two",
    { "devtool.config.ts": "", "devtool.config.json": "{}" },
    /devtool\.config\.ts and devtool\.config\.json/,
  ],
  ["it does not parse", { "devtool.config.ts": "export default {" }, /^devtool\.config\.ts:1:\d+: error: /],
  ["it is not valid JSON", { "devtool.config.json": '{\n  "run": ["a",]\n}' }, /^devtool\.config\.json:2:14: error: /],
  ["it throws", { "devtool.config.js": 'throw new Error("oh no");' }, /devtool\.config\.js can't be run: oh no/],
  ["it exports nothing", { "devtool.config.js": "export const a = 1;" }, /has no default export/],
  [
    "an entry point does not exist",
    { "devtool.config.js": 'export default { bundle: { entryPoints: { a: "src/gone.ts" } } };' },
    /bundle\.entryPoints\.a: src\/gone\.ts does not exist/,
  ],
  [
    "an entry point in a list does not exist",
    { "devtool.config.js": 'export default { bundle: { entryPoints: ["src/gone.ts"] } };' },
    /bundle\.entryPoints\[0\]: src\/gone\.ts does not exist/,
  ],
  [
    "the bundle would go outside",
    {
      "src/main.ts": "",
      "devtool.config.js": 'export default { bundle: { entryPoints: ["src/main.ts"], outdir: "../out" } };',
    },
    /bundle\.outdir must be a folder below the project, not \.\.\/out/,
  ],
  [
    "a name of the bundle's outputs would lead outside",
    {
      "src/main.ts": "",
      "devtool.config.js": 'export default { bundle: { entryPoints: ["src/main.ts"], entryNames: "../[name]" } };',
    },
    /bundle\.entryNames is not valid: outputs go to outdir: it may not lead out of it/,
  ],
  [
    "the bundle has no entry point",
    { "devtool.config.js": "export default { bundle: { entryPoints: {} } };" },
    /bundle\.entryPoints must not be empty/,
  ],
  [
    "the bundle would go over the sources",
    {
      "src/main.ts": "",
      "devtool.config.js": 'export default { bundle: { entryPoints: ["src/main.ts"], outdir: "src" } };',
    },
    /bundle\.outdir src contains the entry point src\/main\.ts/,
  ],
  [
    "the native folder's Makefile is a folder",
    { "native/Makefile/a.c": "", "devtool.config.js": 'export default { native: { folder: "native" } };' },
    /native\.folder: native has no Makefile/,
  ],
  [
    "the native folder has no Makefile",
    { "native/a.c": "", "devtool.config.js": 'export default { native: { folder: "native" } };' },
    /native\.folder: native has no Makefile/,
  ],
];

for (const [title, files, message] of WRONG) {
  test(`a project is refused where ${title}`, async (t) => {
    const root = await projectWith(t, files);
    await assert.rejects(loadProject(undefined, root), (error) => {
      assert.ok(error instanceof Failure, String(error));
      assert.match(error.message, message);
      assert.equal(error.exitCode, 2);
      return true;
    });
  });
}

test("this repository's own configuration is valid", async () => {
  const root = join(import.meta.dirname, "../../..");
  const project = await loadProject(undefined, join(root, "test"));
  assert.equal(project.root, root);
  assert.equal(project.steps[0]?.[0]?.folder, "native");
  assert.deepEqual(project.run.at(-1), "run");
});
