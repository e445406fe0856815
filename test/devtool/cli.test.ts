import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertDocumented } from "./report/examples.ts";
import { DEVTOOL, type Ended, makeProject, startDevtool } from "./rig.ts";

function eventsOf({ stdout }: Ended): Record<string, unknown>[] {
  const lines = stdout.toString().split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Makes a function throw that only devtool calls, which devtool then reports as a bug. */
const BREAK = 'data:text/javascript,process.getuid=()=>{throw new TypeError("broken on purpose")}';

test("a bug is reported with its stack trace and what to do, and with --json by an event too", async (t) => {
  const project = await makeProject(t);
  const env = { NODE_OPTIONS: `--import ${encodeURI(BREAK)}` };
  const words = await startDevtool(t, project, ["sync", "--target", "local"], env).ended;
  assert.deepEqual([words.code, words.stdout.toString()], [1, ""]);
  assert.match(words.stderr, /^TypeError: broken on purpose\n {4}at /);
  assert.match(words.stderr, /\ndevtool: this is a bug; please report it with the lines above\n$/);

  const ended = await startDevtool(t, project, ["sync", "--json", "--target", "local"], env).ended;
  assert.deepEqual(
    [ended.code, ended.stderr.replaceAll(/\n {4}at .*/g, "")],
    [1, words.stderr.replaceAll(/\n {4}at .*/g, "")],
  );
  const [event, ...more] = eventsOf(ended);
  assertDocumented(event ?? {});
  assert.deepEqual(
    [event?.["event"], event?.["code"], event?.["message"]],
    ["failed", "internal", "broken on purpose"],
  );
  assert.deepEqual(more, []);
});

test("a limit of open files that devtool meets before it has begun is a failure with a remedy", async (t) => {
  const { root } = await makeProject(t);
  const argv = ["--nofile=32", ...DEVTOOL, "sync", "--target", "me@localhost:1"];
  const { status, stderr } = spawnSync("prlimit", argv, { cwd: root, encoding: "utf8" });
  assert.deepEqual(
    [status, stderr],
    [1, "devtool: this machine's limit of open files is reached (EMFILE)\ndevtool:   raise it: ulimit -n 65536\n"],
  );
});

for (const words of [["--help"], ["config", "print"], ["status"], ["run"], ["watch"], ["watch", "--json"]])
  test(`${words.join(" ")} whose output meets a full disk says so once, and fails`, async (t) => {
    const { root } = await makeProject(t);
    const argv = [...DEVTOOL, ...words, ...(words[0] === "--help" ? [] : ["--target", "local"])];
    const script = 'exec "$0" "$@" >/dev/full';
    const { status, stderr } = spawnSync("sh", ["-c", script, ...argv], { cwd: root, encoding: "utf8" });
    assert.equal(status, 1);
    assert.equal(stderr.match(/can't write to standard output: no space left on the device \(ENOSPC\)/g)?.length, 1);
  });

test("with --json a command line that is not valid is an event too", async (t) => {
  const project = await makeProject(t);
  const ended = await startDevtool(t, project, ["sync", "--json", "--tarket", "local"]).ended;
  assert.deepEqual([ended.code, ended.stderr], [2, ""]);
  const [event, ...more] = eventsOf(ended);
  assertDocumented(event ?? {});
  assert.deepEqual(
    [event?.["event"], event?.["code"], event?.["remedy"]],
    ["failed", "usage", "did you mean --target?"],
  );
  assert.deepEqual(more, []);
});

test("the last event of a command that can't reach its target names the target, the code and the round", async (t) => {
  const project = await makeProject(t);
  const ended = await startDevtool(t, project, ["sync", "--json", "--target", "me@localhost:1"]).ended;
  assert.equal(ended.code, 2, ended.stderr);
  const event = eventsOf(ended).at(-1);
  assertDocumented(event ?? {});
  const { event: name, code, target, round } = event ?? {};
  assert.deepEqual([name, code, target, round], ["failed", "target-unreachable", "me@localhost:1", 1]);
});

test("with --json, what the configuration prints and what its promises reject with stay out of the events", async (t) => {
  const project = await makeProject(t, {
    "devtool.config.ts": `console.log("printed");
export default { bundle: { entryPoints: ["src/none.ts"] } };\n`,
  });
  const printed = await startDevtool(t, project, ["sync", "--json", "--target", "local"]).ended;
  assert.deepEqual([printed.code, printed.stderr], [2, "printed\n"]);
  assert.deepEqual(
    eventsOf(printed).map(({ event, code }) => [event, code]),
    [["failed", "config-invalid"]],
  );

  await project.write({ "devtool.config.ts": 'export default Promise.reject(new Error("not awaited"));\n' });
  const rejected = await startDevtool(t, project, ["sync", "--json", "--target", "local"]).ended;
  assert.equal(rejected.code, 1);
  assert.match(rejected.stderr, /^Error: not awaited\n/);
  assert.deepEqual(
    eventsOf(rejected).map(({ event, code, message }) => [event, code, message]),
    [["failed", "internal", "not awaited"]],
  );
});

test("a configuration that awaits what never happens is named, instead of ending devtool without a word", async (t) => {
  const project = await makeProject(t, { "devtool.config.ts": "await new Promise(() => {}); export default {};" });
  const ended = await startDevtool(t, project, ["sync", "--json", "--target", "local"]).ended;
  const [event, ...more] = eventsOf(ended);
  assert.deepEqual([ended.code, event?.["event"], event?.["code"], more], [2, "failed", "config-invalid", []]);
  assert.match(String(event?.["message"]), /devtool\.config\.ts never finishes: it awaits something/);
});

test("a current directory that was removed is reported as such", async (t) => {
  const project = await makeProject(t);
  const gone = join(project.root, "gone");
  mkdirSync(gone);
  const argv = [...DEVTOOL, "sync"];
  const ended = spawnSync("sh", ["-c", 'cd "$0" && rmdir "$0" && exec "$@"', gone, ...argv], { encoding: "utf8" });
  assert.deepEqual(
    [ended.status, ended.stderr],
    [2, "devtool: the current directory does not exist any more\ndevtool:   change to the project's folder\n"],
  );
});

test("a configuration that ends devtool leaves no temporary file behind", async (t) => {
  const project = await makeProject(t);
  for (const config of [
    'export default Promise.reject(new Error("not awaited"));\n',
    "process.exit(3);\nexport default {};\n",
    "await new Promise(() => {});\nexport default {};\n",
  ]) {
    await project.write({ "devtool.config.ts": config });
    const ended = await startDevtool(t, project, ["sync", "--target", "local"], { TMPDIR: project.home }).ended;
    assert.notEqual(ended.code, 0);
    const left = readdirSync(project.home).filter((name) => name.startsWith("devtool-config"));
    assert.deepEqual(left, [], config);
  }
});
