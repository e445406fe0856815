import assert from "node:assert/strict";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { before } from "node:test";
import { buildAgent } from "../../../../rig/agent.ts";
import { gone } from "../../../../rig/processes.ts";
import { type Sshd, startSshd } from "../../../../rig/sshd.ts";
import { connectTo, outcome, refusal, targetOn } from "../../connected.ts";

before(buildAgent);

const soon = () => AbortSignal.timeout(30_000);

/** A program such as nc: a TCP connection on stdin and stdout. It says on stderr which process it is, and for whom. */
async function netcat(sshd: Sshd): Promise<string> {
  const file = join(sshd.directory, "netcat.cjs");
  await writeFile(
    file,
    `const [host, port, whom] = process.argv.slice(2);
console.error("netcat " + process.pid + " for " + whom);
const socket = require("net").connect(port, host);
process.stdin.pipe(socket).pipe(process.stdout);\n`,
  );
  return `'${process.execPath}' '${file}'`;
}

const proxyCommand = (sshd: Sshd, command: string) => appendFile(sshd.configFile, `  ProxyCommand ${command}\n`);

test("a connection goes through a ProxyCommand, with tokens, which ends with it", async (t) => {
  const sshd = await startSshd(t);
  await proxyCommand(sshd, `${await netcat(sshd)} %h %p %r@%n`);
  const notices: string[] = [];
  const connection = await targetOn(sshd, { notice: (text) => notices.push(text) }).connect(soon());
  assert.equal((await outcome(connection.exec(["echo", "out"]))).stdout, "out\n");
  const [, pid] = /^127\.0\.0\.1:\d+: netcat (\d+) for \w+@rig$/.exec(notices.join("\n")) ?? [];
  assert.ok(pid, notices.join("\n"));
  await connection.close();
  await gone(Number(pid));
});

test("a ProxyCommand runs in the user's own shell, as ssh runs it", async (t) => {
  const sshd = await startSshd(t);
  const before = process.env["SHELL"];
  process.env["SHELL"] = "/bin/bash";
  t.after(() => {
    if (before === undefined) delete process.env["SHELL"];
    else process.env["SHELL"] = before;
  });
  await proxyCommand(sshd, `${await netcat(sshd)} %h %p 2> >(cat >&2)`);
  const connection = await connectTo(t, targetOn(sshd));
  assert.equal((await outcome(connection.exec(["echo", "out"]))).stdout, "out\n");
});

test("ssh -W through a jump host is a ProxyCommand like any other", async (t) => {
  const [jump, last] = [await startSshd(t), await startSshd(t)];
  await proxyCommand(last, `ssh -F "${jump.configFile}" -W %h:%p rig`);
  const connection = await connectTo(t, targetOn(last));
  assert.equal((await outcome(connection.exec(["echo", "out"]))).stdout, "out\n");
  assert.equal((await jump.connections()).length, 1);
  await jump.cut();
  assert.match(
    (await connection.closed)?.message ?? "",
    /^the connection to rig was lost: the ProxyCommand of 127.0.0.1:\d+ ended/,
  );
});

test("a jump host that has a ProxyCommand is reached through it", async (t) => {
  const [jump, last] = [await startSshd(t), await startSshd(t)];
  await proxyCommand(jump, `${await netcat(jump)} %h %p`);
  const config = (await readFile(jump.configFile, "utf8")).replace("Host rig", "Host jump");
  await appendFile(last.configFile, "  ProxyJump jump\n");
  await appendFile(last.configFile, config);
  const connection = await connectTo(t, targetOn(last));
  assert.equal((await outcome(connection.exec(["echo", "out"]))).stdout, "out\n");
});

test("a ProxyCommand that fails is reported with its last message, how it ended, and the command", async (t) => {
  const sshd = await startSshd(t);
  await proxyCommand(sshd, "sh -c 'echo first >&2; echo not logged in >&2; exit 3' %h");
  const { message, remedy } = await refusal(sshd);
  assert.equal(message, `the ProxyCommand of 127.0.0.1:${sshd.port} ended with exit code 3: not logged in`);
  assert.match(remedy ?? "", /run it by hand: sh -c .* 127\.0\.0\.1/);
});

test("a ProxyCommand that can't be found is reported with its name", async (t) => {
  const sshd = await startSshd(t);
  await proxyCommand(sshd, "no-such-proxy %h %p");
  assert.match((await refusal(sshd)).message, /ended with exit code 127: .*no-such-proxy/);
});

test("a ProxyCommand whose other end is not an SSH server is reported as such", async (t) => {
  const sshd = await startSshd(t);
  await proxyCommand(sshd, "sh -c 'yes HTTP/1.1 | head -n 5000; cat >/dev/null'");
  const { code, message } = await refusal(sshd);
  assert.equal(code, "handshake-failed", message);
});

test("ConnectTimeout limits how long a ProxyCommand or host that never answers is waited for", async (t) => {
  const sshd = await startSshd(t);
  await proxyCommand(sshd, "sh -c 'exec cat >/dev/null'");
  await writeFile(sshd.configFile, `ConnectTimeout 1\n${await readFile(sshd.configFile, "utf8")}`);
  assert.match((await refusal(sshd)).message, /did not answer within 1 s/);
});
