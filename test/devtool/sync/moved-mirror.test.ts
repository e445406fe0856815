import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { hideNode, hideNodeLacks } from "../../rig/hidden-node.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { written } from "../../rig/processes.ts";
import { startSshd } from "../../rig/sshd.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";
import { snapshot } from "./rig.ts";

/** A project that is watched, on a target with Node.js or without, and a folder outside of its mirror. */
async function watched(t: TestContext, hasNode: boolean) {
  const own = await temporaryDirectory(t);
  const [rsync, log] = [join(own, "rsync"), join(own, "log")];
  writeFileSync(log, "");
  writeFileSync(rsync, `#!/bin/sh\necho "$*" >>${log}\nexec rsync "$@"\n`, { mode: 0o755 });
  const project = await makeProject(t, {
    "devtool.config.json": JSON.stringify({
      run: ["sh", "-c", "touch run; cat word; :"],
      sync: { exclude: ["/run"] },
      targets: { box: { kind: "local", rsync } },
    }),
    "real-node": "",
    kept: "kept\n",
    word: "1",
  });
  for (const path of ["devtool.config.ts", "native", "src"]) await rm(join(project.root, path), { recursive: true });
  const sshd = hasNode ? undefined : await startSshd(t, { prefix: hideNode(join(project.root, "real-node")) });
  const target = sshd ? ["--ssh-config", sshd.configFile, "--target", sshd.host] : ["--target", "box"];
  const devtool = startDevtool(t, project, ["watch", "--json", ...target]);
  const { mirror } = await devtool.next("synced");
  await devtool.next("exited");
  const save = async (word: string) => await project.write({ word });
  await save("2");
  await devtool.next("exited");
  // The next round's rsync is started once this round's program is: it is the second for a save.
  if (hasNode) await written(log, /(--server -\w*I[\s\S]*){2}/);
  const outside = join(project.home, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "own"), "the user's\n");
  return { devtool, save, mirror, outside };
}

for (const [target, hasNode, lacking] of [
  ["a target", true, undefined],
  ["a target without Node.js", false, hideNodeLacks()],
] as const) {
  test(`on ${target}, nothing is written at the end of a link that has replaced the mirror since a watch's last save`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd") ?? lacking)) return;
    const { devtool, save, mirror, outside } = await watched(t, hasNode);
    const moved = `${mirror}-moved`;
    renameSync(mirror, moved);
    symlinkSync(outside, mirror);
    const before = snapshot(outside);
    await save("3");
    const { message, remedy } = await devtool.next("failed");
    assert.match(message, /can't enter .*: a symbolic link is in its path \(ELOOP\)/);
    assert.match(remedy ?? "", /^remove the link; or, /);
    assert.deepEqual(snapshot(outside), before);
    rmSync(mirror);
    renameSync(moved, mirror);
    await save("4");
    await devtool.next("synced");
    assert.equal(readFileSync(join(mirror, "word"), "utf8"), "4");
  });
}

test("all is sent to a new folder that has replaced the mirror since a watch's last save, and none to the old one", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { devtool, save, mirror, outside } = await watched(t, true);
  const moved = join(outside, "moved");
  renameSync(mirror, moved);
  mkdirSync(mirror);
  await save("3");
  assert.match((await devtool.next("notice")).text, /^something was removed from the mirror, so all that is missing/);
  await devtool.next("exited");
  assert.equal(readFileSync(join(mirror, "kept"), "utf8"), "kept\n");
  assert.equal(readFileSync(join(mirror, "word"), "utf8"), "3");
  assert.equal(readFileSync(join(moved, "word"), "utf8"), "2");
});
