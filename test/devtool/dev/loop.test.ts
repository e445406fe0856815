import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { write } from "../bundle/bundlers.ts";
import { freePort } from "../ports/free-port.ts";
import { type Devtool, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

const run = promisify(execFile);
const TOOLS = ["make", "gcc", "rsync", "sshd"];

interface Place {
  readonly project: Project;
  watch(...command: string[]): Devtool;
  /** Cuts every open connection; only for SSH. */
  cut(): Promise<void>;
}

const PLACES: Readonly<Record<string, (t: TestContext) => Promise<Place>>> = {
  "this machine": onThisMachine,
  "a host over SSH": overSsh,
};

async function onThisMachine(t: TestContext): Promise<Place> {
  const project = await makeProject(t);
  const watch = (...command: string[]) =>
    startDevtool(t, project, ["watch", "--json", "--target", "local", ...command]);
  return { project, watch, cut: () => Promise.reject(new Error("nothing to cut")) };
}

async function overSsh(t: TestContext): Promise<Place> {
  const project = await makeProject(t);
  const sshd = await startSshd(t);
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  return {
    project,
    watch: (...command) => startDevtool(t, project, ["watch", ...flags, ...command]),
    cut: sshd.cut,
  };
}

/** What the run that follows prints, up to its first line's end. */
async function printed(devtool: Devtool): Promise<string> {
  await devtool.next("started");
  for (let text = ""; ; ) {
    const event = await devtool.next("output");
    text += "data" in event ? event.data : "";
    if (text.endsWith("\n")) return text;
  }
}

const word = (text: string) => ({ "src/word.ts": `export const word: string = "${text}";\n` });

/** Saves a word, which the program then prints. */
async function printsSaved(project: Project, devtool: Devtool, text: string): Promise<void> {
  await project.write(word(text));
  assert.equal(await printed(devtool), `${text}\n`);
}
const native = (text: string) => ({
  "native/hello.c": `#include <stdio.h>\n\nint main(void) {\n\tputs("${text}");\n\treturn 0;\n}\n`,
});

/** Prints its port and word, and answers a connection with both. */
const SERVER = `import { createServer } from "node:net";
import { word } from "./word.ts";
const server = createServer((socket) => socket.end(word)).listen(Number(process.argv[2]), "127.0.0.1");
server.on("listening", () => console.log(word));
server.on("error", console.log);
`;

test("a forwarded port is the server's there, after a save and after a lost connection too", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { project, watch, cut } = await overSsh(t);
  await project.write({ "src/main.ts": SERVER });
  const [here, there] = [await freePort(), await freePort()];
  const devtool = watch("--forward", `${here}:${there}`, String(there));
  const { direction, listen, to } = await devtool.next("forwarded");
  assert.deepEqual([direction, listen, to], ["forward", `localhost:${here}`, `localhost:${there}`]);
  const answer = async () => await text(connect({ port: here, host: "localhost" }));
  assert.equal(await printed(devtool), "one\n");
  assert.equal(await answer(), "one");
  await project.write(word("two"));
  assert.equal(await printed(devtool), "two\n");
  assert.equal(await answer(), "two");
  await cut();
  assert.equal(await printed(devtool), "two\n");
  assert.equal(await answer(), "two");
});

for (const [name, placeOf] of Object.entries(PLACES)) {
  test(`on ${name}, each save of either part is followed by its output`, async (t) => {
    if (!needs(t, lacks(...TOOLS))) return;
    const { project, watch } = await placeOf(t);
    const devtool = watch();
    assert.equal(await printed(devtool), "one c1\n");
    await project.write(word("two"));
    const { paths } = await devtool.next("changed");
    assert.deepEqual(paths, ["src/word.ts"]);
    assert.equal(await printed(devtool), "two c1\n");
    await project.write(native("c2"));
    const compiled = await devtool.next("compiled");
    assert.equal(compiled.compiled, true);
    assert.equal(await printed(devtool), "two c2\n");
    const { code: exitCode, signal, round, target } = await devtool.next("exited");
    assert.deepEqual([exitCode, signal, round, target], [0, null, compiled.round, compiled.target]);
    devtool.child.kill("SIGTERM");
    const { code, stderr } = await devtool.ended;
    assert.equal(code, 143, stderr);
  });

  test(`on ${name}, a newer save ends the older run first`, async (t) => {
    if (!needs(t, lacks(...TOOLS))) return;
    const { project, watch } = await placeOf(t);
    await project.write({
      "src/main.ts": `import { appendFileSync } from "node:fs";
import { word } from "./word.ts";
const log = (text: string) => appendFileSync("${project.home}/log", text + "\\n");
log("begin " + word);
process.on("SIGTERM", () => { log("end " + word); process.exit(0); });
console.log(word);
setInterval(() => {}, 1000);\n`,
    });
    const devtool = watch();
    assert.equal(await printed(devtool), "one\n");
    for (const text of ["two", "three"]) await printsSaved(project, devtool, text);
    devtool.child.kill("SIGINT");
    assert.equal((await devtool.ended).code, 130);
    const log = await readFile(join(project.home, "log"), "utf8");
    assert.equal(log, "begin one\nend one\nbegin two\nend two\nbegin three\nend three\n");
  });

  test(`on ${name}, an error is reported with its position, and the save that fixes it runs`, async (t) => {
    if (!needs(t, lacks(...TOOLS))) return;
    const { project, watch } = await placeOf(t);
    const devtool = watch();
    assert.equal(await printed(devtool), "one c1\n");
    await project.write({ "native/hello.c": "int main(void) {\n\treturn 0\n}\n" });
    const inC = await devtool.next("diagnostic");
    assert.deepEqual([inC.file, inC.line, inC.severity], ["native/hello.c", 2, "error"]);
    const failed = await devtool.next("failed");
    assert.deepEqual([failed.code, failed.message], ["build-failed", "native does not compile: 1 error"]);
    assert.deepEqual([failed.round, failed.target], [inC.round, inC.target]);
    await project.write({ "src/word.ts": "export const word = ;\n" });
    const inTs = await devtool.next("diagnostic");
    assert.deepEqual([inTs.file, inTs.line, inTs.column, inTs.severity], ["src/word.ts", 1, 21, "error"]);
    const { code, message, round, target } = await devtool.next("failed");
    assert.deepEqual([code, message, round, target], ["bundle-failed", "the bundle has an error", inTs.round, null]);
    await project.write({ ...word("fixed"), ...native("c3") });
    for (let text = ""; text !== "fixed c3\n"; ) text = await printed(devtool);
  });
}

test("each event has its round, its target and the time since the save", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const project = await makeProject(t);
  const devtool = startDevtool(t, project, ["watch", "--json", "--target", "local"]);
  const first = await devtool.next("started");
  await devtool.next("exited");
  const savedAt = performance.now();
  await project.write(word("two"));
  const changed = await devtool.next("changed");
  const bundled = await devtool.next("bundled");
  const started = await devtool.next("started");
  const sinceSave = performance.now() - savedAt;
  assert.deepEqual([first.round, first.target], [1, "local"]);
  assert.ok(first.at >= first.milliseconds, "the first round counts from the start of devtool");
  assert.deepEqual([changed.round, changed.target, bundled.round, bundled.target], [2, null, 2, null]);
  assert.deepEqual([started.round, started.target], [2, "local"]);
  assert.ok(changed.at <= bundled.at && bundled.at <= started.at && started.at <= sinceSave);
  assert.ok(started.at >= started.milliseconds, "the save was before the round began");
});

for (const warm of [true, false]) {
  test(`with warm: ${warm}, the second round ${warm ? "runs in a Node.js that was started before its save" : "starts a fresh Node.js"}`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const { project, watch } = await overSsh(t);
    await project.write({
      "devtool.config.ts": `export default {
  bundle: { entryPoints: { main: "src/main.ts" } },
  run: ["node", ".devtool/main.js"],
  warm: ${warm},
};\n`,
      "src/main.ts": `import { readFileSync } from "node:fs";
import { word } from "./word.ts";
console.log(word, readFileSync("/proc/self/environ", "latin1").includes("--require=/tmp/devtool-"));\n`,
    });
    const devtool = watch();
    assert.equal(await printed(devtool), "one false\n");
    await devtool.next("exited");
    await project.write(word("two"));
    assert.equal(await printed(devtool), `two ${warm}\n`);
  });
}

test("a Node.js that was started ahead and has ended is replaced, and that is said once, with what to do", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const { project, watch } = await overSsh(t);
  await project.write({
    "devtool.config.ts": `export default {
  bundle: { entryPoints: { main: "src/main.ts" } },
  run: ["node", ".devtool/main.js"],
};\n`,
    // Kills the one that waits for the next round, which the same agent has started.
    "src/main.ts": `import { existsSync, readdirSync, readFileSync } from "node:fs";
import { word } from "./word.ts";
const parentOf = (pid: string) => Number(readFileSync("/proc/" + pid + "/stat", "latin1").replace(/.*\\) . /s, "").split(" ")[0]);
const waits = (pid: string) => {
  try {
    return existsSync("/proc/" + pid + "/fd/100") && parentOf(pid) === process.ppid;
  } catch {
    return false; // it has ended meanwhile
  }
};
const look = () => {
  const pid = readdirSync("/proc").find((name) => /^\\d+$/.test(name) && waits(name));
  if (pid === undefined) return void setTimeout(look, 20);
  process.kill(Number(pid), "SIGKILL");
  console.log(word);
};
look();
setInterval(() => {}, 1000);\n`,
  });
  const devtool = watch();
  assert.equal(await printed(devtool), "one\n");
  for (const text of ["two", "three"]) await printsSaved(project, devtool, text);
  const notices = devtool.lines.filter((line) => line.includes("started ahead for this save had ended"));
  assert.equal(notices.length, 1);
  assert.match(notices[0] ?? "", /\\"warm\\": false/);
});

test("the first round's errors are reported too, and the save that fixes them runs", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { project, watch } = await overSsh(t);
  await project.write({ "src/word.ts": "export const word = ;\n" });
  const devtool = watch();
  assert.equal((await devtool.next("failed")).message, "the bundle has an error");
  await project.write(word("fixed"));
  assert.equal(await printed(devtool), "fixed c1\n");
});

test("a save outside the entry points' folder fixes an error there in the first bundle", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { project, watch } = await overSsh(t);
  const uses = 'import { more } from "../lib/more.ts";\nexport const word: string = more;\n';
  await project.write({ "src/word.ts": uses, "lib/more.ts": "export const more = ;\n" });
  const devtool = watch();
  assert.equal((await devtool.next("diagnostic")).file, "lib/more.ts");
  await devtool.next("failed");
  await project.write({ "lib/more.ts": 'export const more: string = "more";\n' });
  assert.equal(await printed(devtool), "more c1\n");
});

test("a folder that a save added to the bundle is watched while the command of that save still runs", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { project, watch } = await overSsh(t);
  const devtool = watch("wait");
  assert.equal(await printed(devtool), "one c1\n");
  await project.write({
    "lib/more.ts": 'export const more: string = "more";\n',
    "src/word.ts": 'import { more } from "../lib/more.ts";\nexport const word: string = more;\n',
  });
  assert.equal(await printed(devtool), "more c1\n");
  await project.write({ "lib/more.ts": 'export const more: string = "most";\n' });
  assert.equal(await printed(devtool), "most c1\n");
});

test("generated code that git ignores is watched, also where it is not there yet or is made anew", async (t) => {
  const { project, watch } = await onThisMachine(t);
  const uses = 'import { more } from "./generated/client/index.js";\nexport const word: string = more;\n';
  await project.write({ ".gitignore": "generated/\n", "src/word.ts": uses });
  const generated = (text: string) => ({ "src/generated/client/index.ts": `export const more: string = "${text}";\n` });
  const devtool = watch();
  assert.equal((await devtool.next("failed")).message, "the bundle has an error");
  await project.write(generated("one"));
  assert.equal(await printed(devtool), "one c1\n");
  await project.write(generated("two"));
  assert.equal(await printed(devtool), "two c1\n");
  await rm(join(project.root, "src/generated"), { recursive: true });
  await devtool.next("failed");
  await project.write(generated("three"));
  assert.equal(await printed(devtool), "three c1\n");
});

test("a round begins once packages are installed, and once a package of the workspace is built, also by a folder made anew", async (t) => {
  const { project, watch } = await onThisMachine(t);
  await project.write({
    ".gitignore": "node_modules\n",
    "package.json": '{ "type": "module", "dependencies": { "more": "1" } }',
    "src/word.ts": 'export { word } from "more";\n',
  });
  const own = await temporaryDirectory(t);
  await write(own, { "package.json": '{ "name": "more", "exports": { ".": "./dist/more.js" } }' });
  const devtool = watch();
  assert.equal((await devtool.next("failed")).remedy, "node_modules is missing: run npm install");
  await mkdir(join(project.root, "node_modules"));
  await symlink(own, join(project.root, "node_modules/more"));
  await project.write({ "node_modules/.package-lock.json": "{}" });
  assert.match((await devtool.next("failed")).remedy ?? "", /: build it first$/);
  for (const text of ["one", "two", "three"]) {
    await rm(join(own, "dist"), { recursive: true, force: true });
    await write(own, { "dist/more.js": `export const word = "${text}";\n` });
    assert.equal(await printed(devtool), `${text} c1\n`);
  }
});

test("a lost connection is reported, and after the next one everything is compared and run again", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { project, watch, cut } = await overSsh(t);
  const devtool = watch("wait");
  assert.equal(await printed(devtool), "one c1\n");
  await cut();
  const { code, message, remedy, round, target } = await devtool.next("disconnected");
  assert.match(message, /lost|closed|reset/);
  const connected = await devtool.next("connected");
  assert.deepEqual([code, remedy, round, target], ["connection-lost", null, null, connected.target]);
  assert.equal((await devtool.next("synced")).files, 0);
  assert.equal(await printed(devtool), "one c1\n");
  await project.write(word("after"));
  assert.equal(await printed(devtool), "after c1\n");
  assert.equal(devtool.lines.filter((line) => line.includes('"failed"')).length, 0);
});

test("no save is lost with a connection that is cut during a round, and no file in the mirror is ever incomplete", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const { project, watch, cut } = await overSsh(t);
  const big = (text: string) => ({ "src/big.ts": `export const big = ${JSON.stringify(text.repeat(2_000_000))};\n` });
  await project.write({
    "src/main.ts": 'import { big } from "./big.ts";\nconsole.log(big.length, new Set(big).size, big[0]);\n',
    ...big("a"),
  });
  const devtool = watch();
  assert.equal(await printed(devtool), "2000000 1 a\n");
  const { mirror } = await syncedIn(devtool);
  for (const letter of ["b", "c"]) {
    await project.write(big(letter));
    await devtool.next("bundled");
    await cut();
    const { stdout } = await run(process.execPath, [join(mirror, ".devtool/main.js")]);
    assert.match(stdout, /^2000000 1 [abc]\n$/);
    await devtool.next("disconnected");
    for (let text = ""; text !== `2000000 1 ${letter}\n`; ) text = await printed(devtool);
  }
});

/** Where the mirror is, from an earlier event. */
async function syncedIn(devtool: Devtool): Promise<{ mirror: string }> {
  const line = devtool.lines.find((text) => text.includes('"synced"'));
  return JSON.parse(line ?? "{}") as { mirror: string };
}

test("watch ends without an error message once the reader of its output has exited", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  for (const flags of [[], ["--json"]]) {
    const project = await makeProject(t);
    const devtool = startDevtool(t, project, ["watch", "--target", "local", ...flags, "wait"]);
    const { stdout } = devtool.child;
    if (stdout) await once(stdout, "data");
    stdout?.destroy();
    await project.write(word("two"));
    const { code, stderr } = await devtool.ended;
    assert.equal(code, 141, stderr);
    assert.doesNotMatch(stderr, /EPIPE|bug/);
  }
});
