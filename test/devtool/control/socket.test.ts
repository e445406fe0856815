import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "../../rig/host.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

test("a run works as without a watch where the cache's folder is none", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const project = await makeProject(t, { "devtool.config.ts": "export default {};\n", file: "" });
  const args = ["run", "--target", "local", "echo", "ran"];
  const { code, stdout, stderr } = await startDevtool(t, project, args, { XDG_CACHE_HOME: `${project.root}/file` })
    .ended;
  assert.deepEqual([code, stdout.toString()], [0, "ran\n"], stderr);
});
