import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { needs } from "../../rig/host.ts";
import { type Devtool, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

const CONFIG = {
  build: [{ command: ["sh", "-c", "cat public/page.txt >built"], inputs: ["public/page.txt"], name: "page" }],
  afterSync: [{ changed: ["public/*.sql"], run: ["sh", "-c", "cat public/*.sql >migrated"] }],
  restart: { ignore: ["public/**", "!public/server.txt"] },
  sync: { exclude: ["/built", "/migrated"] },
  run: ["sh", "-c", "echo up; exec sleep 1000"],
};
const FILES = { "public/page.txt": "1", "public/a.sql": "1", "public/server.txt": "1", "src/a.txt": "1" };

async function watch(
  t: TestContext,
  ...flags: string[]
): Promise<{ devtool: Devtool; project: Project; mirror: string }> {
  const project = await makeProject(t, { ...FILES, "devtool.config.json": JSON.stringify(CONFIG) });
  for (const path of ["devtool.config.ts", "native"]) await rm(join(project.root, path), { recursive: true });
  const devtool = startDevtool(t, project, ["watch", "--json", "--target", "local", ...flags]);
  const { mirror } = await devtool.next("synced");
  await devtool.next("output");
  return { devtool, project, mirror };
}

/** Of the rounds so far, the numbers of those that started the program. */
function starts({ lines }: Devtool): unknown[] {
  const events = lines.map((line) => JSON.parse(line) as { event: string; round: number });
  return events.filter(({ event }) => event === "started").map(({ round }) => round);
}

for (const flags of [[], ["--on-busy", "queue"]]) {
  test(`a change that the program need not be started again for is sent and built while it runs on: ${flags}`, async (t) => {
    if (!needs(t, lacks("rsync"))) return;
    const { devtool, project, mirror } = await watch(t, ...flags);
    const there = (path: string) => readFile(join(mirror, path), "utf8");
    await project.write({ "public/page.txt": "2" });
    assert.equal((await devtool.next("finished")).round, 2);
    await project.write({ "public/a.sql": "2" });
    assert.equal((await devtool.next("finished")).round, 3);
    assert.deepEqual(await Promise.all(["public/page.txt", "built", "migrated"].map(there)), ["2", "2", "2"]);
    assert.deepEqual(starts(devtool), [1]);
    const { stdout } = await startDevtool(t, project, ["trace", "--json"]).ended;
    const rounds = stdout.toString().trim().split("\n");
    assert.deepEqual(
      rounds.slice(0, 2).map((line) => JSON.parse(line).outcome),
      ["output", "unchanged"],
    );
  });
}

test("what an editor has beside a file that is open is sent, and starts nothing until that file is saved", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { devtool, project, mirror } = await watch(t);
  for (const [at, name] of [".a.txt.swp", ".#a.txt", "a.txt~"].entries()) {
    await project.write({ [`src/${name}`]: "mine" });
    assert.equal((await devtool.next("finished")).round, 2 + at);
    assert.equal(await readFile(join(mirror, "src", name), "utf8"), "mine");
  }
  await project.write({ "src/a.txt": "2" });
  assert.equal((await devtool.next("started")).round, 5);
  assert.deepEqual(starts(devtool), [1, 5]);
});

test("any other change, alone or among those, starts it again", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { devtool, project } = await watch(t);
  await project.write({ "public/server.txt": "2" });
  assert.equal((await devtool.next("started")).round, 2);
  await devtool.next("output");
  await Promise.all(["public/page.txt", "src/a.txt"].map((path) => project.write({ [path]: "2" })));
  await devtool.next("output");
  assert.deepEqual(starts(devtool).slice(0, 2), [1, 2]);
  assert.ok(starts(devtool).length > 2);
});

test("where the program has ended, such a change is sent and starts nothing; a failure of its step is reported", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { devtool, project } = await watch(t);
  await project.write({ "devtool.config.json": JSON.stringify({ ...CONFIG, run: ["true"] }) });
  await devtool.next("exited");
  await rm(join(project.root, "public/page.txt"));
  assert.equal((await devtool.next("failed")).message, "page failed with exit code 1");
  await project.write({ "public/page.txt": "3" });
  await devtool.next("finished");
  assert.equal(starts(devtool).length, 2);
});
