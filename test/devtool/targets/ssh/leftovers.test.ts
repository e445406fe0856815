import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { parseHostSpec } from "../../../../devtool/targets/ssh/config/host-spec.ts";
import { sshSettings } from "../../../../devtool/targets/ssh/config/look-up.ts";
import { dialRoute } from "../../../../devtool/targets/ssh/route/dial-route.ts";
import { Leftovers } from "../../../../devtool/targets/ssh/session/leftovers.ts";
import type { SshTransport } from "../../../../devtool/targets/ssh/transport/transport.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { startSshd } from "../../../rig/sshd.ts";

/** To a host whose login shell finds programs in `bin` first. */
async function connected(t: TestContext, bin: string): Promise<SshTransport> {
  const { configFile, host } = await startSshd(t, { config: [`SetEnv PATH=${bin}:${process.env["PATH"]}`] });
  const notice = () => {};
  const settings = await sshSettings(parseHostSpec(host), { file: configFile, home: homedir(), notice });
  const options = { acceptNewHostKey: false, mayHandOver: false, notice };
  const transport = await dialRoute(host, [settings], new Map(), options, new AbortController().signal);
  t.after(() => transport.close());
  return transport;
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
  await leftovers.end(await connected(t, directory));
  assert.equal(stat()[2], "Z");
  assert.ok(readFileSync(pauses).length < 50);
});
