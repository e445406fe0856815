import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { needs } from "../../rig/host.ts";
import { afterTest, DEVTOOL, lacks, makeProject } from "../rig.ts";

test("a command whose standard input is /dev/null finds it empty, and gets the signals that devtool gets", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const { root, home } = await makeProject(t, { "devtool.config.ts": "export default {};\n" });
  const script = "cat; trap 'exit 3' TERM; echo up; sleep 1000 & wait";
  const [node, program] = DEVTOOL;
  const child = spawn(node, [program, "run", "--target", "local", "sh", "-c", script], {
    cwd: root,
    env: { ...process.env, HOME: home, XDG_CACHE_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  afterTest(t, async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const errors = text(child.stderr);
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [3, null], await errors);
});
