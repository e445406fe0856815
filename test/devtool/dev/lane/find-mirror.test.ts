import assert from "node:assert/strict";
import { mkdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { findMirror } from "../../../../devtool/dev/lane/find-mirror.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { lacks, makeProject, type Project, startDevtool } from "../../rig.ts";
import { localConnection, snapshot } from "../../sync/rig.ts";

const COMMANDS = [["sync"], ["sync", "--dry-run"], ["run"], ["watch"], ["build"], ["pull", "kept"], ["clean", "--yes"]];

/** A project, its mirror on this machine, and a folder outside of that with a file of its own. */
async function synced(t: TestContext, config: object = {}) {
  const project = await makeProject(t, {
    "devtool.config.json": JSON.stringify({ run: ["true"], ...config }),
    kept: "kept\n",
  });
  for (const path of ["devtool.config.ts", "native", "src"]) await rm(join(project.root, path), { recursive: true });
  const outside = join(project.home, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "own"), "the user's\n");
  return { project, outside, mirror: await sync(t, project) };
}

async function sync(t: TestContext, project: Project): Promise<string> {
  const devtool = startDevtool(t, project, ["sync", "--json"]);
  const { mirror } = await devtool.next("synced");
  assert.equal((await devtool.ended).code, 0);
  return mirror;
}

const FROM = {
  "the mirror": (mirror: string) => mirror,
  "the folder of the mirrors": (mirror: string) => join(mirror, ".."),
  "devtool's own folder": (mirror: string) => join(mirror, "../.."),
};

for (const [name, linkOf] of Object.entries(FROM)) {
  test(`where ${name} is a link, no command writes or deletes at its end, and each says what to do`, async (t) => {
    if (!needs(t, lacks("rsync"))) return;
    const { project, outside, mirror } = await synced(t, { target: "local" });
    const link = linkOf(mirror);
    renameSync(link, join(outside, "moved"));
    symlinkSync(outside, link);
    const before = snapshot(outside);
    await project.write({ new: "" });
    for (const args of COMMANDS) {
      const { code, stderr } = await startDevtool(t, project, args).ended;
      assert.equal(code, 2, `${args}: ${stderr}`);
      const is = link === mirror ? "it" : link;
      assert.ok(stderr.includes(`is refused: ${is} is a symbolic link to ${outside}`), `${args}: ${stderr}`);
      assert.match(stderr, /remove the link; or, .* name a folder there in the configuration: `mirror` of the target/);
    }
    assert.deepEqual(snapshot(outside), before);
    const status = await startDevtool(t, project, ["status"]).ended;
    assert.equal(status.code, 2);
    assert.match(status.stdout.toString(), /^connection: {2}[^-].*\n.*\nmirror: {6}-\n$/m);
    assert.equal((await startDevtool(t, project, ["ssh", "rm", link]).ended).code, 0);
    renameSync(join(outside, "moved"), link);
    assert.equal(await sync(t, project), mirror);
  });
}

test("a link that the target's settings name is followed, and the mirror is where it leads", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { project, outside } = await synced(t, { target: "local" });
  const link = join(project.home, "link");
  symlinkSync(outside, link);
  const target = { kind: "local", mirror: join(link, "new/mirrors") };
  await project.write({ "devtool.config.json": JSON.stringify({ targets: { here: target }, target: "here" }) });
  const mirror = await sync(t, project);
  assert.ok(mirror.startsWith(`${realpathSync(outside)}/new/mirrors/project-`), mirror);
  assert.equal(readFileSync(join(mirror, "kept"), "utf8"), "kept\n");
  assert.equal((await startDevtool(t, project, ["clean", "--yes"]).ended).code, 0);
  rmSync(join(outside, "new"), { recursive: true });
  assert.deepEqual(Object.keys(snapshot(outside)), ["", "own"]);
});

test("a mirror that would be inside of the project by way of a link is refused", async (t) => {
  const directory = await temporaryDirectory(t);
  const [root, link] = [join(directory, "project"), join(directory, "link")];
  mkdirSync(root);
  symlinkSync(root, link);
  const facts = { home: directory, cache: join(directory, "cache"), boot: readFileSync(BOOT, "utf8").trim() };
  const found = await findMirror(localConnection(), { facts, target: "box", folder: link }, root, t.signal);
  assert.equal(found.refused?.code, "mirror-invalid");
  assert.match(found.refused?.message ?? "", /would be inside of the project/);
});

const BOOT = "/proc/sys/kernel/random/boot_id";
