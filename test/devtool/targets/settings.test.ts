import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { localTarget } from "../../../devtool/targets/local/local.ts";
import { withSettings } from "../../../devtool/targets/settings.ts";
import { buildAgent } from "../../rig/agent.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";

test("a target with variables of its own gets a Node.js ready that has them", async (t) => {
  if (!needs(t, process.platform === "linux" ? undefined : "Linux")) return;
  await buildAgent();
  const cwd = await temporaryDirectory(t);
  await writeFile(join(cwd, "main.cjs"), "console.log(process.env.A, performance.timeOrigin);");
  const target = withSettings(localTarget("local", { sudo: false }), { kind: "local", env: { A: "target's" } });
  const connection = await target.connect(new AbortController().signal);
  t.after(() => connection.close());
  const argv = [process.execPath, "main.cjs"];
  const options = { cwd, env: { A: "command's" } };
  const outputOf = async (command: readonly string[]) => {
    const child = await connection.exec(command, options);
    child.stdin.end();
    child.stderr.resume();
    return await text(child.stdout);
  };
  await connection.prepare?.(argv, options);
  // Starts after it, and has ended before the command is asked for.
  await outputOf([process.execPath, "--eval", "0"]);
  const asked = Date.now();
  const [variable, started] = (await outputOf(argv)).trim().split(/ (?=\d+)/);
  assert.equal(variable, "target's");
  assert.ok(Number(started) < asked, `it was started at ${started}, after it was asked for at ${asked}`);
});
