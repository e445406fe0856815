import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { Failure } from "../../../../devtool/failure.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { startSshd } from "../../../rig/sshd.ts";
import { BAD_HELLOS } from "../agent-client/hello.ts";
import { connectTo, outcome, targetOn } from "../connected.ts";

before(buildAgent);

/** A `node` that runs this shell script, which as the agent is given FILE TOKEN …. */
async function fakeNode(t: TestContext, script: string): Promise<string> {
  const file = join(await temporaryDirectory(t), "node");
  await writeFile(file, `#!/bin/sh\n[ "$1" = --version ] && echo v22.0.0 && exit\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

for (const [what, line, message] of BAD_HELLOS) {
  test(`an agent's greeting over SSH that is ${what} is a notice, and processes run on sessions`, async (t) => {
    const agent = `printf '%s %s\\n' "$2" '${line}'; exec cat >/dev/null`;
    const node = await fakeNode(t, agent);
    const notices: string[] = [];
    const connection = await connectTo(t, targetOn(await startSshd(t), { node, notice: (text) => notices.push(text) }));
    assert.equal((await outcome(connection.exec(["echo", "out"]))).stdout, "out\n");
    const { user, node: version } = await connection.facts();
    assert.deepEqual([user, version], [userInfo().username, "v22.0.0"]);
    assert.equal(notices.length, 1);
    assert.match(notices.join(), /rig: can't start the agent \(.*\), so each command takes longer/);
    assert.match(notices.join(), message);
  });
}

const FORCED = [
  [
    "what it says instead",
    'echo Please log in as \\"ubuntu\\".; echo not as root >&2',
    'it said: Please log in as "ubuntu". not as root',
  ],
  ["the beginning of a long line", "printf %0200d 1", `it said: ${"0".repeat(160)}…`],
  ["that it said nothing", "true", "its login shell did not start devtool's"],
] as const;
for (const [what, command, said] of FORCED) {
  test(`a login shell that runs no commands is a Failure with ${what}`, async (t) => {
    const sshd = await startSshd(t, { config: [`ForceCommand ${command}`] });
    const connection = await connectTo(t, targetOn(sshd));
    await assert.rejects(
      connection.facts(),
      (error) => error instanceof Failure && error.message === `rig runs no shell commands: ${said}`,
    );
  });
}

test("NODE_OPTIONS of the login shell are the programs' alone", async (t) => {
  const home = await temporaryDirectory(t);
  const sshd = await startSshd(t, { config: [`SetEnv HOME=${home} NODE_OPTIONS=--require=./hook.cjs`] });
  const notices: string[] = [];
  const connection = await connectTo(t, targetOn(sshd, { notice: (text) => notices.push(text) }));
  const { stdout } = await outcome(connection.exec(["sh", "-c", "env | grep NODE_OPTIONS"]));
  assert.equal(stdout, "NODE_OPTIONS=--require=./hook.cjs\n");
  assert.deepEqual(notices, []);
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
