import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { Leftovers } from "../../../../devtool/targets/ssh/session/leftovers.ts";
import type { SshTransport } from "../../../../devtool/targets/ssh/transport/transport.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

/** Sessions of a shell here, which finds programs in `bin` first. */
function sessionsHere(bin: string): SshTransport {
  const session = async (line: string) => {
    const { stdout, stderr } = spawn("sh", ["-c", line], { env: { PATH: `${bin}:${process.env["PATH"]}` } });
    return { channel: Object.assign(stdout, { stderr }) };
  };
  return { session, closed: new Promise(() => {}) } as unknown as SshTransport;
}

test("a process that has ended is not waited for where nothing reaps it", async (t) => {
  const directory = await temporaryDirectory(t);
  const pauses = join(directory, "pauses");
  writeFileSync(pauses, "");
  writeFileSync(join(directory, "sleep"), `#!/bin/sh\necho >>${pauses}\nexec /bin/sleep "$1"\n`, { mode: 0o755 });
  const parent = spawn("sh", ["-c", "setsid sh -c 'echo $$; exec tail -f /dev/null' & exec tail -f /dev/null"]);
  t.after(() => parent.kill("SIGKILL"));
  const pgid = Number(await new Promise((resolve) => parent.stdout.once("data", resolve)));
  const stat = () => readFileSync(`/proc/${pgid}/stat`, "utf8").split(" ");
  const leftovers = new Leftovers();
  leftovers.add({ pgid, since: stat()[21] ?? "", sudo: "never" });
  await leftovers.end(sessionsHere(directory));
  assert.equal(stat()[2], "Z");
  assert.ok(readFileSync(pauses).length < 50);
});
