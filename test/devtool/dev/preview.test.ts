import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import type { EventLine } from "../../../devtool/report/events.ts";
import { buildAgent } from "../../rig/agent.ts";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";
import { snapshot } from "../sync/rig.ts";

before(buildAgent);

test("sync --dry-run names what the next sync sends and deletes, and changes nothing in the mirror", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const sshd = await startSshd(t);
  const project = await makeProject(t, { "devtool.config.ts": "export default {};\n", "old/a": "a", kept: "1" });
  const sync = async (...more: string[]) => {
    const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
    const started = startDevtool(t, project, ["sync", ...flags, ...more]);
    const { code, stderr } = await started.ended;
    assert.equal(code, 0, `${stderr}\n${started.lines.join("\n")}`);
    const events = started.lines.map((line) => JSON.parse(line) as EventLine);
    const differences = events.flatMap((event) =>
      event.event === "difference" ? [`${event.change} ${event.path}`] : [],
    );
    return { differences: differences.sort(), synced: events.find((event) => event.event === "synced") };
  };
  const first = await sync("--dry-run");
  assert.ok(first.differences.includes("send old/a") && first.synced === undefined);
  const { mirror } = (await sync()).synced ?? assert.fail("no sync");
  assert.deepEqual((await sync("--dry-run")).differences, []);

  await rm(join(project.root, "old"), { recursive: true });
  await project.write({ kept: "22", "new/b": "b" });
  await symlink("kept", join(project.root, "link"));
  const mirrored = snapshot(mirror);
  const { differences } = await sync("--dry-run");
  assert.deepEqual(differences, ["delete old/", "delete old/a", "send kept", "send link", "send new/b"]);
  assert.deepEqual(snapshot(mirror), mirrored);
  const { synced } = await sync();
  assert.deepEqual([synced?.files, synced?.deleted], [2, 2]);
  assert.ok(existsSync(join(mirror, "link")));
});
