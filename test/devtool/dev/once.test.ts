import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
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
