import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

test("init writes a configuration that runs the project, ignores devtool's folder, and replaces nothing", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const project = await makeProject(t, { "src/main.ts": 'console.log("it runs");', ".gitignore": "dist" });
  await rm(join(project.root, "devtool.config.ts"));
  await rm(join(project.root, "native"), { recursive: true });
  const devtool = (...args: string[]) => startDevtool(t, project, args).ended;
  const first = await devtool("init", "--target", "local");
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /wrote devtool\.config\.ts: Node\.js/);
  assert.equal(await readFile(join(project.root, ".gitignore"), "utf8"), "dist\n.devtool/\nnode_modules/\n");
  const ran = await devtool("run");
  assert.equal(ran.stdout.toString(), "it runs\n", ran.stderr);

  assert.match(first.stderr, /^devtool: added \.devtool\/, node_modules\/ to \.gitignore$/m);

  const written = await readFile(join(project.root, "devtool.config.ts"), "utf8");
  const again = await devtool("init");
  assert.equal(again.code, 2);
  assert.match(again.stderr, /devtool\.config\.ts is already this project's configuration\n.*never replaces one/);
  assert.equal(await readFile(join(project.root, "devtool.config.ts"), "utf8"), written);
});

test("init forwards the port of a web site's server, except from this machine, where it is reached already", async (t) => {
  const project = await makeProject(t, { "package.json": '{ "scripts": { "dev": "vite" } }' });
  for (const [target, isForwarded] of [
    ["box", true],
    ["local", false],
  ] as const) {
    await rm(join(project.root, "devtool.config.ts"));
    const { code, stderr } = await startDevtool(t, project, ["init", "--target", target]).ended;
    assert.equal(code, 0, stderr);
    const written = await readFile(join(project.root, "devtool.config.ts"), "utf8");
    assert.equal(/forward: \[\s+"5173"/.test(written), isForwarded, written);
  }
});

test("init refuses the home folder, all of which would be sent, unless there is a program to bundle", async (t) => {
  const project = await makeProject(t);
  const home = { ...project, root: project.home };
  const refused = await startDevtool(t, home, ["init", "--target", "local"]).ended;
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /is your home folder, all of which would be sent\n.*change to the project's folder/);
  assert.deepEqual(
    (await readdir(home.root)).filter((name) => name !== "cache"),
    [],
  );
  for (const [name, text] of [
    ["package.json", "{}"],
    ["main.ts", ""],
  ] as const)
    await writeFile(join(home.root, name), text);
  assert.equal((await startDevtool(t, home, ["init", "--target", "local"]).ended).code, 0);
});

test("init lets git ignore what Python makes, also where it is there already, and its environments by whatever name", async (t) => {
  const project = await makeProject(t, {
    "main.py": "",
    "__pycache__/main.pyc": "",
    "env/pyvenv.cfg": "",
    "lib/a.py": "",
  });
  for (const name of ["devtool.config.ts", "package.json", "src", "native"])
    await rm(join(project.root, name), { recursive: true });
  const { code, stderr } = await startDevtool(t, project, ["init", "--target", "local"]).ended;
  assert.equal(code, 0, stderr);
  assert.equal(await readFile(join(project.root, ".gitignore"), "utf8"), ".devtool/\n__pycache__/\n.venv/\n/env/\n");
});

test("init adds to a .gitignore of any encoding, and says where it can't add to it", async (t) => {
  const project = await makeProject(t);
  await rm(join(project.root, "devtool.config.ts"));
  const path = join(project.root, ".gitignore");
  const init = async () => {
    const { code, stderr } = await startDevtool(t, project, ["init", "--target", "local"]).ended;
    await rm(join(project.root, "devtool.config.ts"));
    return { code, stderr };
  };
  await writeFile(path, Buffer.from("caf\xe9", "latin1"));
  assert.equal((await init()).code, 0);
  assert.match(await readFile(path, "latin1"), /^caf\xe9\n\.devtool\/\nnode_modules\/\n/);
  await rm(path);
  await symlink("../outside", path);
  const linked = await init();
  assert.equal(linked.code, 1);
  assert.match(linked.stderr, /^devtool: can't add \.devtool\/, .* to \.gitignore: it is a symbolic link, which git/m);
  assert.ok(!existsSync(join(project.root, "../outside")));
  await rm(path);
  await mkdir(path);
  assert.match((await init()).stderr, /to \.gitignore: is a directory \(EISDIR\)$/m);
});

test("init in a folder of a project says how that becomes a project of its own, and what it says holds", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const project = await makeProject(t, { "inner/a.txt": "a" });
  const inner = { ...project, root: join(project.root, "inner") };
  const refused = await startDevtool(t, inner, ["init", "--target", "local"]).ended;
  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /\.\.\/devtool\.config\.ts is already the configuration of the project that this folder is in\n/,
  );
  assert.match(refused.stderr, /write devtool\.config\.json in this folder, at first only \{\}/);
  await project.write({ "inner/devtool.config.json": "{}" });
  const ran = await startDevtool(t, inner, ["run", "--target", "local", "ls"]).ended;
  assert.equal(ran.stdout.toString(), "a.txt\ndevtool.config.json\n", ran.stderr);
});

const C_PROJECT = {
  Makefile:
    "CFLAGS = -O1\n\nall: hello\n\nhello: main.o seven.o\n\t$(CC) -o $@ $^\n\n%.o: %.c seven.h\n\t$(CC) $(CFLAGS) -c -o $@ $<\n",
  "seven.h": "int seven(void);\n",
  "seven.c": '#include "seven.h"\n\nint seven(void) { return 7; }\n',
  "main.c": '#include <stdio.h>\n#include "seven.h"\n\nint main(void) { return !printf("%d\\n", seven()); }\n',
};

test("a C project with its Makefile in the root compiles nothing in a second run, by what init wrote; without that it is said what to ignore", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "make", "gcc"))) return;
  const project = await makeProject(t, C_PROJECT);
  for (const name of ["devtool.config.ts", "package.json", "src", "native"])
    await rm(join(project.root, name), { recursive: true });
  const sshd = await startSshd(t);
  const flags = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  const devtool = (...args: string[]) => startDevtool(t, project, args).ended;
  const written = await devtool("init", ...flags.slice(2));
  assert.equal(written.code, 0, written.stderr);
  assert.equal(await readFile(join(project.root, ".gitignore"), "utf8"), ".devtool/\n*.o\n*.d\n/hello\n");
  const run = async () => {
    const { code, stdout, stderr } = await devtool("run", ...flags);
    assert.deepEqual([code, stdout.toString()], [0, "7\n"], stderr);
    return stderr;
  };
  assert.match(await run(), /, compiled in /);
  const second = await run();
  assert.match(second, /sent 0 files/);
  assert.match(second, /, nothing to compile, /);
  assert.doesNotMatch(second, /deleted/);

  await project.write({ ".gitignore": ".devtool/\n", "gone.h": "" });
  await run();
  // What was a source is not taken for something that make made.
  await rm(join(project.root, "gone.h"));
  const told = /the project does not have it: hello, main\.o, seven\.o; what a build makes is kept, .* \.gitignore/;
  assert.match(await run(), told);
});

const CONFIG = `export default {
  bundle: { entryPoints: { main: "src/main.ts" } },
  env: { PORT: "80" },
  envFile: ".env",
};`;

/** Written in the configuration, and printed as the steps that they are, or not there in this one. */
const NOT_PRINTED = ["$schema", "build", "afterSync", "native", "targets"];

test("config print says where each value comes from, and config schema describes what a configuration may have", async (t) => {
  const project = await makeProject(t);
  await project.write({ "devtool.config.ts": CONFIG, ".env": "SECRET=s" });
  const devtool = (...args: string[]) => startDevtool(t, project, args).ended;
  const { stdout } = await devtool("config", "--target", "box", "print");
  const lines = stdout.toString().split("\n");
  for (const line of [
    'bundle.outdir = ".devtool"  (default)',
    'bundle.entryPoints = {"main":"src/main.ts"}  (devtool.config.ts)',
    'env.PORT = "80"  (devtool.config.ts)',
    `envFile = ${JSON.stringify(join(project.root, ".env"))}  (devtool.config.ts)`,
    "asRoot = false  (default)",
    "warm = true  (default)",
    'target = "box"  (--target)',
  ])
    assert.ok(lines.includes(line), `${line} is not in ${stdout}`);
  const schema = JSON.parse((await devtool("config", "schema")).stdout.toString());
  assert.ok(Object.keys(schema.properties).includes("afterSync"));
  for (const key of Object.keys(schema.properties).filter((name) => !NOT_PRINTED.includes(name)))
    assert.match(stdout.toString(), new RegExp(`^${key}[ .]`, "m"));
  const refused = await devtool("config", "prnt");
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /takes print or schema, got "prnt"/);
});
