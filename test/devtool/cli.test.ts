import assert from "node:assert/strict";
import { test } from "node:test";
import { assertDocumented } from "./report/examples.ts";
import { type Ended, makeProject, startDevtool } from "./rig.ts";

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
