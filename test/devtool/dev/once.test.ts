import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { BUILD_STAMPS } from "../../../devtool/config/project.ts";
import type { EventLine } from "../../../devtool/report/events.ts";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

test("devtool build builds what changed since another session, and everything where the mirror's stamp is damaged", async (t) => {
  if (!needs(t, lacks("make", "gcc", "rsync", "sshd"))) return;
  const project = await makeProject(t);
  const sshd = await startSshd(t);
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  const build = async () => {
    const devtool = startDevtool(t, project, ["build", ...flags]);
    const { code, stderr } = await devtool.ended;
    assert.deepEqual([code, stderr], [0, ""]);
    const events = devtool.lines.map((line) => JSON.parse(line) as EventLine);
    const synced = events.find((event) => event.event === "synced");
    const compiled = events.find((event) => event.event === "compiled");
    assert.ok(synced && compiled && events.at(-1)?.event === "finished");
    return { mirror: synced.mirror, compiled: compiled.compiled };
  };
  const { mirror, compiled } = await build();
  assert.equal(compiled, true);
  assert.equal((await build()).compiled, false);
  const stamp = await readFile(join(mirror, BUILD_STAMPS, "native"), "utf8");
  for (const damaged of ["null", stamp.slice(0, -2)]) {
    await writeFile(join(mirror, BUILD_STAMPS, "native"), damaged);
    assert.equal((await build()).compiled, true, damaged);
    assert.equal(await readFile(join(mirror, BUILD_STAMPS, "native"), "utf8"), stamp);
  }
});

test("what was sent to a mirror is known under another name of its target too", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const project = await makeProject(t);
  await rm(join(project.root, "devtool.config.ts"));
  const targets = { one: { kind: "local" }, other: { kind: "local", sudo: false } };
  await project.write({ "devtool.config.json": JSON.stringify({ targets }), "a.txt": "" });
  const sync = async (target: string) => {
    const devtool = startDevtool(t, project, ["sync", "--json", "--target", target]);
    const { mirror, deleted } = await devtool.next("synced");
    assert.equal((await devtool.ended).code, 0);
    return { mirror, deleted };
  };
  const { mirror } = await sync("one");
  await project.write({ ".gitignore": ".devtool/\na.txt\n" });
  assert.deepEqual(await sync("other"), { mirror, deleted: 1 });
});

test("what was sent to a machine is known under another spelling of it, where that has an id", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const project = await makeProject(t, { "devtool.config.ts": "export default {};\n", "a.txt": "" });
  const sshd = await startSshd(t);
  const sync = async (target: string) => {
    const flags = ["--json", "--ssh-config", sshd.configFile, "--target", target];
    const devtool = startDevtool(t, project, ["sync", ...flags]);
    const { mirror, deleted } = await devtool.next("synced");
    assert.equal((await devtool.ended).code, 0);
    return { mirror, deleted };
  };
  const { mirror } = await sync(sshd.host);
  await project.write({ ".gitignore": ".devtool/\na.txt\n" });
  assert.deepEqual(await sync(`${sshd.user}@${sshd.host}`), { mirror, deleted: existsSync("/etc/machine-id") ? 1 : 0 });
});

/** As rsync, but of what it is sent it gets the first 300 kB, and the rest once the gate is open. */
const GATED_RSYNC = (gate: string) => `#!/bin/sh
for mirror; do :; done; mkdir -p "$mirror"
{ dd bs=1 count=300000 status=none; read line <${gate}; cat; } | rsync "$@"
`;

test("a sync that takes longer than a second says each second how far it is", async (t) => {
  if (!needs(t, lacks("rsync", "mkfifo"))) return;
  const project = await makeProject(t);
  const [gate, rsync] = [join(project.home, "gate"), join(project.home, "rsync")];
  const config = { sync: { include: ["*.bin"] }, targets: { slow: { kind: "local", rsync } }, target: "slow" };
  await rm(join(project.root, "devtool.config.ts"));
  await project.write({ "devtool.config.json": JSON.stringify(config), "a.bin": "a", "b.bin": "b".repeat(8_000_000) });
  await writeFile(rsync, GATED_RSYNC(gate), { mode: 0o755 });
  execFileSync("mkfifo", [gate]);
  const devtool = startDevtool(t, project, ["sync", "--json"]);
  const progress = await devtool.next("progress");
  assert.ok("files" in progress && progress.stage === "sync", JSON.stringify(progress));
  assert.deepEqual([progress.filesTotal, progress.bytesTotal], [2, 8_000_001]);
  assert.ok(progress.files <= 2 && progress.bytes > 300_000 && progress.bytes < 8_100_000, JSON.stringify(progress));
  await writeFile(gate, "\n");
  assert.equal((await devtool.next("synced")).files, 2);
  assert.equal((await devtool.ended).code, 0);
});

test("a run whose connection is lost says so, with what to do about it", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const run = 'export default { run: ["sh", "-c", "echo up; exec sleep 1000"] };\n';
  const project = await makeProject(t, { "devtool.config.ts": run });
  const sshd = await startSshd(t);
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  const devtool = startDevtool(t, project, ["run", ...flags]);
  await devtool.next("output");
  await sshd.cut();
  const { code, message, remedy, target } = await devtool.next("failed");
  assert.deepEqual([code, target, (await devtool.ended).code], ["connection-lost", sshd.host, 1]);
  assert.match(message, new RegExp(`^the connection to ${sshd.host} was lost`));
  assert.match(remedy ?? "", /^check that machine and the network, then run it again/);
});
