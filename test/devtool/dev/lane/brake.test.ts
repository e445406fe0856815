import assert from "node:assert/strict";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { refuseLargeDeletion } from "../../../../devtool/dev/lane/brake.ts";
import { createFilter } from "../../../../devtool/ignore/filter.ts";
import type { EventLine } from "../../../../devtool/report/events.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { type Sshd, startSshd } from "../../../rig/sshd.ts";
import { lacks, makeProject, type Project, startDevtool } from "../../rig.ts";

before(buildAgent);

const PLAIN = "export default {};\n";
const numbered = (folder: string, count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}/${i}`, ""]));

async function sync(t: TestContext, project: Project, sshd: Sshd, ...more: string[]) {
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  const started = startDevtool(t, project, ["sync", ...flags, ...more]);
  const { code } = await started.ended;
  const events = started.lines.map((line) => JSON.parse(line) as EventLine);
  const failed = events.find((event) => event.event === "failed");
  const notices = events.flatMap((event) => (event.event === "notice" ? [event.text] : []));
  return { code, failed, notices, synced: events.find((event) => event.event === "synced") };
}

test("a sync that would delete most of what was sent is refused, deletes nothing, and does it with --force", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const sshd = await startSshd(t);
  const project = await makeProject(t, { "devtool.config.ts": PLAIN, ...numbered("data", 30), ...numbered("lib", 5) });
  const mirror = (await sync(t, project, sshd)).synced?.mirror ?? assert.fail("no sync");
  await rename(join(project.root, "data"), `${project.root}-data`);
  for (const _ of ["first", "again"]) {
    const { code, failed } = await sync(t, project, sshd);
    assert.deepEqual([code, failed?.code], [2, "deletion-refused"]);
    assert.match(failed?.message ?? "", /would delete 30 of the \d+ files that were sent before: 30 in data\/$/);
    assert.equal((await readdir(join(mirror, "data"))).length, 30);
  }
  const refused = /^without --force it is refused: this sync would delete 30 of the \d+ files/;
  assert.match((await sync(t, project, sshd, "--dry-run")).notices.join("\n"), refused);
  assert.deepEqual((await sync(t, project, sshd, "--dry-run", "--force")).notices, []);
  const forced = await sync(t, project, sshd, "--force");
  assert.deepEqual([forced.code, forced.synced?.deleted], [0, 31]);
  assert.equal((await sync(t, project, sshd)).code, 0);
  assert.deepEqual((await sync(t, project, sshd, "--dry-run")).notices, ["there is nothing to send or delete"]);
});

test("rules that exclude most of what was sent are refused too", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const sshd = await startSshd(t);
  const project = await makeProject(t, { "devtool.config.ts": PLAIN, ...numbered("data", 30) });
  await sync(t, project, sshd);
  await project.write({ ".gitignore": "data/\n" });
  assert.equal((await sync(t, project, sshd)).failed?.code, "deletion-refused");
});

test("what devtool makes beside the bundle goes without a question once nothing imports it, and makes no other deletion a smaller one", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const sshd = await startSshd(t);
  const project = await makeProject(t, {
    "devtool.config.ts":
      'export default { bundle: { entryPoints: { main: "main.js" } }, sync: { include: ["data/"] } };',
    "main.js": 'import "large"; import "small";',
    "node_modules/small/package.json": '{ "main": "0.js" }',
    "node_modules/small/0.js": "console.log(__dirname);",
    "node_modules/large/package.json": '{ "main": "0.js" }',
    "node_modules/large/0.js": "console.log(__dirname);",
    ...numbered("node_modules/large/files", 40),
    ...numbered("data", 30),
  });
  await sync(t, project, sshd);
  await rename(join(project.root, "data"), `${project.root}-data`);
  assert.match(
    (await sync(t, project, sshd)).failed?.message ?? "",
    /would delete 30 of the 30 files .*: 30 in data\/$/,
  );
  await rename(`${project.root}-data`, join(project.root, "data"));
  await project.write({ "main.js": 'import "small";' });
  assert.deepEqual((await sync(t, project, sshd, "--dry-run")).notices, []);
  const { code, synced } = await sync(t, project, sshd);
  assert.equal(code, 0);
  assert.equal(synced?.deleted, 44);
  await project.write({ "main.js": "" });
  const { mirror = "" } = (await sync(t, project, sshd)).synced ?? {};
  assert.deepEqual(await readdir(join(mirror, ".devtool/node_modules")), []);
});

test("a watch that was refused goes on once another devtool has done it with --force", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const sshd = await startSshd(t);
  const project = await makeProject(t, { "devtool.config.ts": PLAIN, ...numbered("data", 30) });
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  await sync(t, project, sshd);
  await rename(join(project.root, "data"), `${project.root}-data`);
  const watch = startDevtool(t, project, ["watch", ...flags, "cat", "word"]);
  assert.equal((await watch.next("failed")).code, "deletion-refused");
  assert.equal((await sync(t, project, sshd, "--force")).code, 0);
  await project.write({ word: "sent" });
  const output = await watch.next("output");
  assert.deepEqual([output.stream, "data" in output && output.data], ["stdout", "sent"]);
});

test("a folder that was renamed, with most of the project in it, is sent and deleted without a question", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const sshd = await startSshd(t);
  const project = await makeProject(t, { "devtool.config.ts": PLAIN, ...numbered("data", 30) });
  await sync(t, project, sshd);
  await rename(join(project.root, "data"), join(project.root, "other"));
  assert.deepEqual((await sync(t, project, sshd, "--dry-run")).notices, []);
  const { code, synced } = await sync(t, project, sshd);
  assert.deepEqual([code, synced?.deleted], [0, 31]);
  assert.equal((await readdir(join(synced?.mirror ?? "", "other"))).length, 30);
});

test("up to 20 files, or half of them, are deleted without a question", async (t) => {
  const root = await temporaryDirectory(t);
  const paths = (count: number, folder = "d") => Array.from({ length: count }, (_, i) => `${folder}/${i}`);
  const refused = { code: "deletion-refused" };
  const check = async (sent: readonly string[]) =>
    await refuseLargeDeletion(
      { root, bundle: undefined, filter: createFilter({}) },
      sent,
      [],
      new AbortController().signal,
    );
  await check(["d/", ...paths(20)]);
  await mkdir(join(root, "kept"));
  for (const path of paths(21, "kept")) await writeFile(join(root, path), "");
  await check([...paths(21), ...paths(21, "kept")]);
  await assert.rejects(check([...paths(22), ...paths(21, "kept")]), refused);
  await rm(join(root, "kept"), { recursive: true });
  await writeFile(join(root, "kept"), "");
  await assert.rejects(check(["d/", "kept", ...paths(21)]), refused);
});
