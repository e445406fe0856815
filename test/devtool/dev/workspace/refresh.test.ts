import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { appendFile, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { needs } from "../../../rig/host.ts";
import { type Devtool, lacks, makeProject, type Project, startDevtool } from "../../rig.ts";

/** A project without a bundle that prints a file, in a repository. */
async function plain(t: TestContext, files: Readonly<Record<string, string>>): Promise<Project> {
  const project = await makeProject(t, {
    "devtool.config.json": '{ "run": ["cat", "word"] }',
    word: "one\n",
    ...files,
  });
  await rm(join(project.root, "devtool.config.ts"));
  spawnSync("git", ["init", "-q", project.root]);
  return project;
}

async function watch(t: TestContext, project: Project): Promise<{ devtool: Devtool; mirror: string }> {
  const devtool = startDevtool(t, project, ["watch", "--json", "--target", "local"]);
  const { mirror } = await devtool.next("synced");
  await devtool.next("exited");
  return { devtool, mirror };
}

/** What the next run prints. */
async function printed(devtool: Devtool): Promise<string> {
  const event = await devtool.next("output");
  return "data" in event ? event.data : "";
}

/** Waits for a notice: there may be others, such as one about a file that was renamed while it was read. */
async function noticed(devtool: Devtool, what: RegExp): Promise<void> {
  while (!what.test((await devtool.next("notice")).text));
}

test("a project with nothing but a command is watched as a whole", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, {});
  const { devtool } = await watch(t, project);
  await project.write({ word: "two\n" });
  assert.deepEqual((await devtool.next("changed")).paths, ["word"]);
  assert.equal(await printed(devtool), "two\n");
});

test("a project that is reached through a link is the same project, and watched", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, {});
  const link = join(project.home, "link");
  await symlink(project.root, link);
  const { mirror } = await watch(t, project);
  const config = ["--config", join(link, "devtool.config.json")];
  const devtool = startDevtool(t, { ...project, root: project.home }, [
    "watch",
    "--json",
    "--target",
    "local",
    ...config,
  ]);
  assert.equal((await devtool.next("synced")).mirror, mirror);
  await devtool.next("exited");
  await project.write({ word: "two\n" });
  assert.equal(await printed(devtool), "two\n");
});

test("an envFile that is edited, or there again, starts the program again, though git ignores it and the bundle is the same", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const config = {
    bundle: { entryPoints: { main: "src/main.ts" } },
    run: ["node", ".devtool/main.js"],
    envFile: ".env",
  };
  const project = await makeProject(t, {
    "devtool.config.ts": `export default ${JSON.stringify(config)};\n`,
    "src/main.ts": "console.log(process.env.WORD);\n",
    ".gitignore": ".env\n",
    ".env": "WORD=one\n",
  });
  const devtool = startDevtool(t, project, ["watch", "--json", "--target", "local"]);
  assert.equal(await printed(devtool), "one\n");
  await project.write({ ".env": "WORD=two\n" });
  assert.equal(await printed(devtool), "two\n");
  await rm(join(project.root, ".env"));
  assert.match((await devtool.next("failed")).message, /can't read envFile/);
  await project.write({ ".env": "WORD=three\n" });
  assert.equal(await printed(devtool), "three\n");
});

test("an envFile outside of the project, or at the end of a link, starts the program again where it is edited", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const run = ["sh", "-c", "echo $WORD"];
  const project = await plain(t, { "devtool.config.json": JSON.stringify({ run, envFile: "../home/env" }) });
  const outside = join(project.home, "env");
  await writeFile(outside, "WORD=one\n");
  const devtool = startDevtool(t, project, ["watch", "--json", "--target", "local"]);
  assert.equal(await printed(devtool), "one\n");
  await writeFile(outside, "WORD=two\n");
  assert.equal(await printed(devtool), "two\n");
  await symlink(outside, join(project.root, ".env"));
  await project.write({ ".gitignore": ".env", "devtool.config.json": JSON.stringify({ run, envFile: ".env" }) });
  assert.equal(await printed(devtool), "two\n");
  await writeFile(outside, "WORD=three\n");
  assert.equal(await printed(devtool), "three\n");
});

test("an ignore file that is edited decides from the next round on, and what was sent is deleted there once told", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, { "secret/key": "k", "secret/deep/more": "m", "sub/a.log": "l" });
  const { devtool, mirror } = await watch(t, project);
  await writeFile(join(mirror, "secret/made-there"), "");
  assert.ok(existsSync(join(mirror, "secret/deep/more")));
  await project.write({ ".gitignore": "secret/\n[a\n" });
  await noticed(devtool, /^\.gitignore:2: "\[a" matches nothing/);
  await noticed(devtool, /deleted from the mirror: secret\/, secret\/deep\/, /);
  await devtool.next("exited");
  await project.write({ "sub/.gitignore": "*.log\n" });
  await noticed(devtool, /deleted from the mirror: sub\/a\.log$/);
  await devtool.next("exited");
  assert.deepEqual(
    ["secret/key", "secret/deep/more", "sub/a.log", "secret/made-there"].filter((path) =>
      existsSync(join(mirror, path)),
    ),
    ["secret/made-there"],
  );
  await project.write({ ".gitignore": "" });
  await devtool.next("exited");
  assert.ok(existsSync(join(mirror, "secret/key")));
});

test("what another session sent and is ignored now is deleted too, also if it is gone here", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, { key: "k", other: "o" });
  const sync = async () => {
    const devtool = startDevtool(t, project, ["sync", "--json", "--target", "local"]);
    await devtool.ended;
    return devtool;
  };
  const { mirror } = await (await sync()).next("synced");
  await writeFile(join(mirror, "made-there"), "");
  await rm(join(project.root, "key"));
  await project.write({ ".gitignore": "key\nother\nmade-there\n" });
  const second = await sync();
  await noticed(second, /deleted from the mirror: key, other$/);
  assert.deepEqual(
    ["key", "other", "made-there"].map((name) => existsSync(join(mirror, name))),
    [false, false, true],
  );
});

test("a line that is added during watch and matches nothing is named, though it changes nothing", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, { ".gitignore": "*.log\n" });
  const { devtool } = await watch(t, project);
  await project.write({ ".gitignore": "*.log\n[a\n" });
  await noticed(devtool, /^\.gitignore:2: "\[a" matches nothing/);
});

test("what git is told to track, or not to, is sent or not from the next round on", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, { ".gitignore": "key\n", key: "k" });
  const { devtool, mirror } = await watch(t, project);
  for (const [words, isThere] of [
    [["add", "-f", "key"], true],
    [["rm", "-q", "--cached", "key"], false],
  ] as const) {
    spawnSync("git", ["-C", project.root, ...words]);
    await project.write({ word: `${words[0]}\n` });
    await devtool.next("exited");
    assert.equal(existsSync(join(mirror, "key")), isThere, words.join(" "));
  }
});

test("a file in the place of a folder with what git tracks there, or of a clone's own .git, ends no watch", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, { ".gitignore": "build/\n", "build/keep": "k", "clone/a": "a" });
  spawnSync("git", ["-C", project.root, "add", "-f", "build/keep"]);
  spawnSync("git", ["init", "-q", join(project.root, "clone")]);
  const { devtool, mirror } = await watch(t, project);
  assert.ok(existsSync(join(mirror, "build/keep")));
  await rename(join(project.root, "clone/.git"), join(project.home, "git"));
  await rm(join(project.root, "build"), { recursive: true });
  await project.write({ build: "a file", "clone/.git": `gitdir: ${join(project.home, "git")}\n` });
  await project.write({ ".gitignore": "build/\n*.log\n", word: "two\n" });
  for (let seen = "one\n"; seen !== "two\n"; ) seen = await printed(devtool);
  assert.equal(await readFile(join(mirror, "build"), "utf8"), "a file");
});

test("nothing is said to be deleted from a mirror that is a new one", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, { key: "k" });
  const sync = async () => {
    const devtool = startDevtool(t, project, ["sync", "--json", "--target", "local"]);
    await devtool.ended;
    return devtool;
  };
  const { mirror } = await (await sync()).next("synced");
  await rm(mirror, { recursive: true });
  await project.write({ ".gitignore": "key\n" });
  const { lines } = await sync();
  assert.doesNotMatch(lines.join("\n"), /deleted from the mirror/);
});

test("git's own exclude file takes effect with the next round", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, { key: "k" });
  const { devtool, mirror } = await watch(t, project);
  await appendFile(join(project.root, ".git/info/exclude"), "key\n");
  await project.write({ word: "two\n" });
  await devtool.next("exited");
  assert.ok(!existsSync(join(mirror, "key")));
});

test("git's configuration, and a repository that is made meanwhile, take effect with the next round", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, { key: "k", other: "o" });
  const [repository, away] = [join(project.root, ".git"), join(project.root, "..", "away.git")];
  await appendFile(join(repository, "info/exclude"), "other\n");
  await rename(repository, away);
  const { devtool, mirror } = await watch(t, project);
  assert.ok(existsSync(join(mirror, "other")));
  await rename(away, repository);
  await project.write({ word: "two\n" });
  await devtool.next("exited");
  assert.deepEqual([existsSync(join(mirror, "key")), existsSync(join(mirror, "other"))], [true, false]);
  const named = join(repository, "named");
  await writeFile(named, "key\n");
  spawnSync("git", ["-C", project.root, "config", "core.excludesFile", named]);
  await project.write({ word: "three\n" });
  await devtool.next("exited");
  assert.ok(!existsSync(join(mirror, "key")));
});

test("a configuration that is edited is used from the next round on; one that is not valid is named and not used", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await plain(t, { other: "other\n" });
  const { devtool } = await watch(t, project);
  await project.write({ "devtool.config.json": '{ "runs": ["cat", "other"] }' });
  const { code, message } = await devtool.next("failed");
  assert.equal(code, "config-invalid");
  assert.match(message, /devtool\.config\.json: unknown key runs; did you mean run/);
  assert.equal(await printed(devtool), "one\n");
  await project.write({ word: "two\n" });
  assert.equal(await printed(devtool), "two\n");
  await project.write({ "devtool.config.json": '{ "run": ["cat", "other"], "sync": { "exclude": ["word"] } }' });
  assert.equal(await printed(devtool), "other\n");
});

test("a configuration that gets another suffix is used from then on, and two of them are refused as at the start", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const config = '{ "run": ["cat", "src/word"], "sync": { "include": ["src/"] } }';
  const project = await plain(t, { "devtool.config.json": config, "src/word": "one\n", "src/other": "other\n" });
  const { devtool } = await watch(t, project);
  await project.write({
    "devtool.config.ts": 'export default { run: ["cat", "src/other"], sync: { include: ["src/"] } };\n',
  });
  assert.match((await devtool.next("failed")).message, /has more than one configuration: .*\.ts and .*\.json$/);
  await rm(join(project.root, "devtool.config.json"));
  assert.equal(await printed(devtool), "other\n");
});

for (const [edit, said] of [
  [{ forward: ["18081:18082"] }, "other ports are forwarded"],
  [{ targets: { box: { kind: "ssh", host: "box" } } }, "another target is used"],
] as const) {
  test(`of an edited configuration it is said what is used by the next watch: ${said}`, async (t) => {
    if (!needs(t, lacks("rsync", "git"))) return;
    const project = await plain(t, { "devtool.config.json": '{ "run": ["cat", "word"] }' });
    const { devtool } = await watch(t, project);
    await project.write({ "devtool.config.json": JSON.stringify({ run: ["cat", "word"], ...edit }) });
    assert.equal((await devtool.next("notice")).text, `${said} once devtool watch is started again`);
    assert.equal(await printed(devtool), "one\n");
  });
}

for (const place of [".env", "../env"]) {
  test(`envFile ${place} that is a named pipe is read at each start, and reading it starts no round`, async (t) => {
    if (!needs(t, lacks("rsync", "git"))) return;
    const config = { run: ["sh", "-c", 'echo "$A $(cat word)"'], envFile: place };
    const project = await plain(t, { "devtool.config.json": JSON.stringify(config) });
    const pipe = join(project.root, place);
    spawnSync("mkfifo", [pipe]);
    const devtool = startDevtool(t, project, ["watch", "--json", "--target", "local"]);
    // Read once before anything is sent, and once for the program.
    await writeFile(pipe, "A=first\n");
    await devtool.next("synced");
    await writeFile(pipe, "A=first\n");
    assert.equal(await printed(devtool), "first one\n");
    await devtool.next("exited");
    await project.write({ word: "two\n" });
    assert.deepEqual((await devtool.next("changed")).paths, ["word"]);
    await devtool.next("synced");
    await writeFile(pipe, "A=second\n");
    assert.equal(await printed(devtool), "second two\n");
    await devtool.next("exited");
    await project.write({ word: "three\n" });
    assert.deepEqual((await devtool.next("changed")).paths, ["word"]);
    await devtool.next("synced");
    devtool.child.kill("SIGTERM");
    assert.equal((await devtool.ended).code, 143);
    const rounds = devtool.lines.flatMap((line) => /"event":"changed".*"paths":(.*)\}/.exec(line)?.[1] ?? []);
    assert.deepEqual(rounds, ["null", '["word"]', '["word"]']);
  });
}
