import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import test, { before } from "node:test";
import { buildAgent } from "../../../../rig/agent.ts";
import { startSshd } from "../../../../rig/sshd.ts";
import { connectTo, outcome, refusal, targetOn } from "../../connected.ts";

before(buildAgent);

test("a connection comes from the address of BindAddress, and what SetEnv and SendEnv name arrives where AcceptEnv lets it", async (t) => {
  const sshd = await startSshd(t, { config: ["AcceptEnv ONE PATHS_*"] });
  process.env["PATHS_HERE"] = "from here";
  t.after(() => void delete process.env["PATHS_HERE"]);
  await appendFile(
    sshd.configFile,
    '  AddressFamily inet\n  BindAddress 127.0.0.9\n  SetEnv ONE="a b" TWO=no TERM=vt100\n  SendEnv PATHS_*\n',
  );
  const connection = await connectTo(t, targetOn(sshd));
  const show = ["sh", "-c", 'echo "$SSH_CLIENT,$ONE,$TWO,$PATHS_HERE,$TERM"'];
  for (const withoutAgent of [false, true]) {
    assert.match(
      (await outcome(connection.exec(show, { withoutAgent }))).stdout,
      /^127\.0\.0\.9 .*,a b,,from here,\n$/,
    );
  }
  const tty = { columns: 80, rows: 24, term: "xterm-kitty" };
  assert.match((await outcome(connection.exec(show, { tty }))).stdout, /,a b,,from here,vt100\r\n$/);
});

test("an address of another machine in BindAddress is named as what is wrong", async (t) => {
  const sshd = await startSshd(t);
  await appendFile(sshd.configFile, "  BindAddress 192.0.2.1\n");
  const { code, remedy } = await refusal(sshd);
  assert.equal(code, "target-unreachable");
  assert.match(remedy ?? "", /BindAddress/);
});
