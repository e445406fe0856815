import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadProject } from "../../../devtool/config/project.ts";
import type { ProjectStep } from "../../../devtool/config/steps.ts";
import { needs } from "../../rig/host.ts";
import { type Devtool, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

/** `log` in the mirror has a line for each command that ran. */
const CONFIG = `export default {
  afterSync: [{ changed: ["lock"], run: ["sh", "-c", "echo installed >>log"] }],
  build: [
    { command: ["sh", "-c", "cat a.txt >out && echo a >>log"], inputs: ["a.txt"], name: "a" },
    [
      { command: ["sh", "-c", "until [ -e one ]; do :; done; echo two >>log"], inputs: ["b.txt"], name: "two" },
      { command: ["sh", "-c", "echo one >>log; : >one"], inputs: ["b.txt"], name: "one" },
    ],
    { command: ["sh", "-c", "echo folder | tee -a ../log"], folder: "sub" },
  ],
  run: ["cat", "log"],
};`;

async function project(t: TestContext, files: Readonly<Record<string, string>> = {}): Promise<Project> {
  const sources = { lock: "1", "a.txt": "a", "b.txt": "b", "sub/c.txt": "c", ".gitignore": "log\nout\none\n" };
  return await makeProject(t, { "devtool.config.ts": CONFIG, ...sources, ...files });
}

async function run(
  t: TestContext,
  made: Project,
  command: string,
): Promise<{ code: number | null; stdout: string; text: string }> {
  const { ended } = startDevtool(t, made, [command, "--target", "local"]);
  const { code, stdout, stderr } = await ended;
  return { code, stdout: stdout.toString(), text: stdout + stderr };
}

test("build steps run in order, an inner array's side by side, and each again only when its inputs changed", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const made = await project(t);
  const ran = async () => (await run(t, made, "run")).stdout.trimEnd().split("\n");
  assert.deepEqual(await ran(), ["installed", "a", "one", "two", "folder"]);
  assert.deepEqual(await ran(), ["installed", "a", "one", "two", "folder"], "nothing changed");
  await made.write({ "sub/c.txt": "C" });
  assert.deepEqual((await ran()).slice(5), ["folder"]);
  await made.write({ lock: "2", "a.txt": "A" });
  assert.deepEqual((await ran()).slice(6), ["installed", "a"]);
});

test("a step that fails names itself, and the steps after it do not run", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const made = await project(t);
  await run(t, made, "build");
  const broken = CONFIG.replace("cat a.txt >out", "cat gone >out");
  await made.write({ "devtool.config.ts": broken, "a.txt": "A", "sub/c.txt": "C" });
  const { code, text } = await run(t, made, "build");
  assert.equal(code, 1);
  assert.match(text, /^devtool: a failed with exit code \d+$/m);
  assert.doesNotMatch(text, /^folder$/m);
});

for (const [kind, build, message] of [
  ["a tool whose file is missing", '["cargo"]', /build\[0\]: the project's folder has no Cargo.toml/],
  [
    "a folder outside",
    '[{ tool: "make", folder: "../x" }]',
    /build\[0\]\.folder must be a folder of the project, not \.\.\/x/,
  ],
  [
    "a folder that does not exist",
    '[{ command: ["true"], folder: "gone" }]',
    /build\[0\]\.folder: gone does not exist/,
  ],
  ["an unknown tool", '["ninja"]', /build\[0\] must be "make" or "cmake" or "cargo" or "go"/],
  ["two steps of one name", '[{ command: ["true"] }, { command: ["true"] }]', /two build steps are called "true"/],
  ["a command that is empty", "[{ command: [] }]", /build\[0\]/],
] as const) {
  test(`${kind} is refused before anything is done`, async (t) => {
    const made = await project(t, { "devtool.config.ts": `export default { build: ${build}, run: ["true"] };` });
    const { code, text } = await run(t, made, "build");
    assert.equal(code, 2);
    assert.match(text, message);
  });
}

test("a program of afterSync that is not there is named with the command that needs it", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const config = { afterSync: [{ changed: ["lock"], run: ["not-an-installer", "ci"] }], run: ["true"] };
  const made = await project(t, { "devtool.config.ts": `export default ${JSON.stringify(config)};` });
  const { code, text } = await run(t, made, "run");
  assert.equal(code, 2);
  assert.match(text, /^devtool: local has no not-an-installer, which `not-an-installer ci` needs$/m);
});

test("Cargo.lock is neither sent nor deleted where the project has none, as cargo writes it there", async (t) => {
  const config = 'export default { build: ["cargo", { tool: "cargo", folder: "own" }] };';
  const manifests = { "Cargo.toml": "", "own/Cargo.toml": "", "own/Cargo.lock": "" };
  const made = await project(t, { "devtool.config.ts": config, ...manifests });
  const [[cargo], [own]] = (await loadProject(undefined, made.root)).steps as [[ProjectStep], [ProjectStep]];
  assert.deepEqual([cargo.outputs, own.outputs], [["/target/", "/Cargo.lock"], ["/own/target/"]]);
});

/** Says when it ends, and by which signal. */
const STAYING = "trap 'echo ended; exit' TERM; tail -f /dev/null & wait";

/** The first word of each output, and the events of these kinds, in their order. */
function orderOf({ lines }: Devtool, ...kinds: string[]): string[] {
  const found = lines.map((line) => JSON.parse(line));
  return found.flatMap(({ event, data }) =>
    event === "output" ? [data.trim()] : kinds.includes(event) ? [event] : [],
  );
}

async function printed(devtool: Devtool): Promise<string> {
  const event = await devtool.next("output");
  return "data" in event ? event.data : "";
}

test("a build that fails leaves the program alone, and the save that mends it ends that once it is built", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const build = [{ command: ["sh", "-c", ". ./build.sh"], inputs: ["build.sh"] }];
  const config = `export default ${JSON.stringify({ build, run: ["sh", "-c", `cat built; ${STAYING}`] })};`;
  const made = await project(t, {
    "devtool.config.ts": config,
    "build.sh": "echo one >built",
    ".gitignore": "built\n",
  });
  const devtool = startDevtool(t, made, ["watch", "--json", "--target", "local"]);
  assert.equal(await printed(devtool), "one\n");
  await made.write({ "build.sh": "exit 3" });
  assert.equal((await devtool.next("failed")).code, "build-failed");
  await made.write({ "build.sh": "echo two >built" });
  await devtool.next("started");
  await printed(devtool);
  assert.deepEqual(orderOf(devtool, "compiled", "failed", "started"), [
    ...["compiled", "started", "one"],
    "failed",
    ...["compiled", "ended", "started", "two"],
  ]);
});

test("a build that failed for what is missing there counts as not done: a comment has it done again, and the program started", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const config = {
    bundle: { entryPoints: { main: "src/main.ts" } },
    build: [{ command: ["sh", "-c", "cat word ~/library >built"], inputs: ["word"] }],
    sync: { include: ["/word"] },
    run: ["sh", "-c", `cat built; ${STAYING}`],
  };
  const made = await project(t, {
    "devtool.config.ts": `export default ${JSON.stringify(config)};`,
    "src/main.ts": "console.log(1);\n",
    word: "one\n",
    "../home/library": "there\n",
  });
  const devtool = startDevtool(t, made, ["watch", "--json", "--target", "local"]);
  assert.equal(await printed(devtool), "one\nthere\n");
  await rm(join(made.home, "library"));
  await made.write({ word: "two\n" });
  await devtool.next("failed");
  await made.write({ "../home/library": "again\n", "src/main.ts": "// a comment\nconsole.log(1);\n" });
  await devtool.next("started");
  assert.equal(await printed(devtool), "two\nagain\n");
});

test("variables that can't be read leave the program alone", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const config = { envFile: ".env", run: ["sh", "-c", `echo $WORD; ${STAYING}`] };
  const made = await project(t, {
    "devtool.config.ts": `export default ${JSON.stringify(config)};`,
    ".env": "WORD=one\n",
  });
  const devtool = startDevtool(t, made, ["watch", "--json", "--target", "local"]);
  assert.equal(await printed(devtool), "one\n");
  await made.write({ ".env": "WORD\n" });
  const { code, target } = await devtool.next("failed");
  assert.deepEqual([code, target], ["config-invalid", "local"]);
  await made.write({ ".env": "WORD=two\n" });
  await devtool.next("started");
  await printed(devtool);
  assert.deepEqual(orderOf(devtool, "failed", "started"), ["started", "one", "failed", "ended", "started", "two"]);
});

test("a build that would replace the file that the program runs from is done once that has ended", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const config = `export default {
    build: [{ command: ["sh", "-c", "cp $(command -v tail) built && cat word"], inputs: ["word"], name: "copy" }],
    run: ["sh", "-c", "cat word; exec ./built -f /dev/null"],
  };`;
  const made = await project(t, { "devtool.config.ts": config, word: "one\n", ".gitignore": "built\n" });
  const devtool = startDevtool(t, made, ["watch", "--json", "--target", "local"]);
  assert.equal(await printed(devtool), "one\n");
  await made.write({ word: "two\n" });
  assert.match((await devtool.next("notice")).text, /can't be replaced while it runs/);
  assert.equal(await printed(devtool), "two\n");
});

test("a sync that would delete most of the mirror leaves the program alone", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const config = `export default ${JSON.stringify({ run: ["sh", "-c", `echo begin; ${STAYING}`] })};`;
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`files/${i}`, "x"]));
  const made = await project(t, { "devtool.config.ts": config, ...files });
  const devtool = startDevtool(t, made, ["watch", "--json", "--target", "local"]);
  await printed(devtool);
  await made.write({ ".gitignore": "files\n" });
  assert.equal((await devtool.next("failed")).code, "deletion-refused");
  await made.write({ ".gitignore": "" });
  await devtool.next("started");
  await printed(devtool);
  assert.deepEqual(orderOf(devtool, "failed", "started"), ["started", "begin", "failed", "ended", "started", "begin"]);
});

test("a command of afterSync is not ended by a newer save, which waits for it", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const install = ["sh", "-c", "echo begun; read line <~/gate; echo installed >>log"];
  const config = { afterSync: [{ changed: ["lock"], run: install }], run: ["cat", "log", "a.txt"] };
  const made = await project(t, { "devtool.config.ts": `export default ${JSON.stringify(config)};` });
  const gate = join(made.home, "gate");
  execFileSync("mkfifo", [gate]);
  const devtool = startDevtool(t, made, ["watch", "--json", "--target", "local"]);
  await devtool.next("log");
  await made.write({ "a.txt": "newer" });
  assert.deepEqual((await devtool.next("changed")).paths, ["a.txt"]);
  await writeFile(gate, "go\n");
  let text = "";
  while (!text.includes("newer")) text += await printed(devtool);
  assert.equal(text, "installed\nnewer");
});
