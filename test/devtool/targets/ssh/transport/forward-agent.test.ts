import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { buildAgent } from "../../../../rig/agent.ts";
import { startSshAgent } from "../../../../rig/ssh-agent.ts";
import { type Sshd, startSshd } from "../../../../rig/sshd.ts";
import { connectTo, outcome, targetOn } from "../../connected.ts";

before(buildAgent);

/** The target's client key is in the agent that is forwarded to it. */
async function startForwarding(t: TestContext, config: readonly string[] = []): Promise<Sshd> {
  const sshd = await startSshd(t, { config });
  const socket = await startSshAgent(t, sshd.directory, [sshd.keyFile]);
  await appendFile(sshd.configFile, `  ForwardAgent ${socket}\n`);
  return sshd;
}

test("with ForwardAgent every process on the target has the agent, with devtool's agent or without", async (t) => {
  const sshd = await startForwarding(t);
  const connection = await connectTo(t, targetOn(sshd));
  for (const withoutAgent of [false, true, true, false]) {
    const { stdout, stderr } = await outcome(connection.exec(["ssh-add", "-L"], { withoutAgent }));
    assert.match(stdout, /^ssh-ed25519 \S+ rig\n$/, stderr);
  }
});

test("without ForwardAgent no process has it", async (t) => {
  const sshd = await startSshd(t);
  const connection = await connectTo(t, targetOn(sshd));
  assert.equal((await outcome(connection.exec(["sh", "-c", 'echo "$SSH_AUTH_SOCK"']))).stdout, "\n");
});

test("a host that forwards no agent is a notice, and processes run", async (t) => {
  const sshd = await startForwarding(t, ["AllowAgentForwarding no"]);
  const notices: string[] = [];
  const connection = await connectTo(t, targetOn(sshd, { notice: (text) => notices.push(text) }));
  for (const withoutAgent of [false, true]) {
    assert.equal((await outcome(connection.exec(["echo", "out"], { withoutAgent }))).stdout, "out\n");
  }
  assert.deepEqual(notices, ["rig: sshd forwards no agent (AllowAgentForwarding), so ForwardAgent has no effect"]);
});

test("an agent to forward that does not run is no obstacle", async (t) => {
  const sshd = await startSshd(t);
  await appendFile(sshd.configFile, `  ForwardAgent ${join(sshd.directory, "none.sock")}\n`);
  const connection = await connectTo(t, targetOn(sshd));
  assert.equal((await outcome(connection.exec(["ssh-add", "-L"]))).stdout, "");
  assert.equal((await outcome(connection.exec(["echo", "out"]))).stdout, "out\n");
});
