import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { Failure } from "../../../../devtool/failure.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { type Sshd, startSshd } from "../../../rig/sshd.ts";
import { BAD_HELLOS } from "../agent-client/hello.ts";
import { connectTo, outcome, targetOn } from "../connected.ts";

before(buildAgent);

/** An sshd whose `node` runs this shell script: as the agent it is given FILE TOKEN …, to report facts -e SCRIPT. */
async function startSshdWithNode(t: TestContext, script: string): Promise<Sshd> {
  const bin = await temporaryDirectory(t);
  await writeFile(join(bin, "node"), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, "node"), 0o755);
  return await startSshd(t, { config: [`SetEnv HOME=${bin} PATH=${bin}:/usr/bin:/bin`] });
}

const REAL_FACTS = `[ "$1" = -e ] && exec '${process.execPath}' "$@"`;

for (const [what, line, message] of BAD_HELLOS) {
  test(`an agent's greeting over SSH that is ${what} is a notice, and processes run on sessions`, async (t) => {
    const agent = `printf '%s %s\\n' "$2" '${line}'; exec cat >/dev/null`;
    const sshd = await startSshdWithNode(t, `${REAL_FACTS}\n${agent}`);
    const notices: string[] = [];
    const connection = await connectTo(t, targetOn(sshd, { notice: (text) => notices.push(text) }));
    assert.equal((await outcome(connection.exec(["echo", "out"]))).stdout, "out\n");
    assert.equal((await connection.facts()).node, process.version);
    assert.equal(notices.length, 1);
    assert.match(notices.join(), /rig: can't start the agent \(.*\), so each command takes longer/);
    assert.match(notices.join(), message);
  });
}

test("a target whose Node.js reports no facts is a Failure with what it printed", async (t) => {
  for (const [script, message] of [
    ["echo null", /can't get facts about rig .*the answer is not an object/],
    ["echo nonsense", /the answer is not valid JSON/],
    ["echo 'node: GLIBC_2.28 not found' >&2; exit 1", /node: GLIBC_2\.28 not found/],
  ] as const) {
    const connection = await connectTo(t, targetOn(await startSshdWithNode(t, script)));
    await assert.rejects(connection.facts(), (error) => {
      assert.ok(error instanceof Failure, String(error));
      assert.match(error.message, message);
      return true;
    });
    assert.equal((await outcome(connection.exec(["echo", "out"], { withoutAgent: true }))).stdout, "out\n");
  }
});

test("a home directory that is not ASCII is reported correctly, and is where processes start", async (t) => {
  const home = join(await temporaryDirectory(t), "日本語é🦊");
  await mkdir(home);
  const sshd = await startSshd(t, { home });
  const connection = await connectTo(t, targetOn(sshd));
  assert.equal((await connection.facts()).home, home);
  const { stdout } = await outcome(connection.exec(["pwd"]));
  assert.equal(Buffer.from(stdout, "latin1").toString(), `${home}\n`);
});
