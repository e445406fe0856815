import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { before } from "node:test";
import { Failure } from "../../../../../devtool/failure.ts";
import { buildAgent } from "../../../../rig/agent.ts";
import { type Sshd, startSshd } from "../../../../rig/sshd.ts";
import { connectTo, outcome, targetOn } from "../../connected.ts";
import { onTerminal, withoutTerminal } from "../../terminal.ts";

before(buildAgent);

async function refusal(sshd: Sshd, options: { acceptNewHostKey?: boolean } = {}): Promise<Failure> {
  try {
    await (await targetOn(sshd, options).connect(AbortSignal.timeout(30_000))).close();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.exitCode, 2);
    return error;
  }
  throw new assert.AssertionError({ message: "the connection was made" });
}

function fingerprintOf(publicKeyFile: string): string {
  const fingerprint = execFileSync("ssh-keygen", ["-lf", publicKeyFile], { encoding: "utf8" }).split(" ")[1] ?? "";
  assert.match(fingerprint, /^SHA256:/); // an empty one is in every text
  return fingerprint;
}

async function strangersKey(sshd: Sshd): Promise<{ file: string; line: string }> {
  const file = join(sshd.directory, "stranger");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  const [type, key] = (await readFile(`${file}.pub`, "utf8")).split(" ");
  return { file, line: `[127.0.0.1]:${sshd.port} ${type} ${key}\n` };
}

test("a changed host key is refused with both fingerprints, the line and the remedy, --accept-new-host-key or not", async (t) => {
  const sshd = await startSshd(t);
  const stranger = await strangersKey(sshd);
  await writeFile(sshd.knownHostsFile, `# first line\n${stranger.line}`);
  for (const acceptNewHostKey of [false, true]) {
    const { message, remedy } = await refusal(sshd, { acceptNewHostKey });
    assert.ok(message.includes(`[127.0.0.1]:${sshd.port}`), message);
    assert.ok(message.includes(fingerprintOf(`${sshd.hostKeyFiles[0]}.pub`)), message);
    assert.ok(message.includes(fingerprintOf(`${stranger.file}.pub`)), message);
    assert.ok(message.includes(`${sshd.knownHostsFile}:2`), message);
    assert.ok(remedy?.includes(`ssh-keygen -R '[127.0.0.1]:${sshd.port}' -f ${sshd.knownHostsFile}`), remedy);
  }
  assert.equal(await readFile(sshd.knownHostsFile, "utf8"), `# first line\n${stranger.line}`);
});

test("by NoHostAuthenticationForLocalhost a changed key of this machine is taken, and not stored", async (t) => {
  const sshd = await startSshd(t);
  const stranger = await strangersKey(sshd);
  await writeFile(sshd.knownHostsFile, stranger.line);
  await appendFile(sshd.configFile, "  NoHostAuthenticationForLocalhost yes\n");
  const connection = await connectTo(t, targetOn(sshd));
  assert.equal((await outcome(connection.exec(["echo", "in"]))).stdout, "in\n");
  assert.equal(await readFile(sshd.knownHostsFile, "utf8"), stranger.line);
});

test("NoHostAuthenticationForLocalhost is not for a localhost behind a jump host, nor for a host with an alias", async (t) => {
  const [jump, last] = [await startSshd(t), await startSshd(t)];
  await writeFile(last.knownHostsFile, (await strangersKey(last)).line);
  const config = await readFile(last.configFile, "utf8");
  const trusting = `${config}  NoHostAuthenticationForLocalhost yes\n`;
  const jumpConfig = (await readFile(jump.configFile, "utf8")).replace("Host rig", "Host jump");
  await writeFile(last.configFile, `${trusting}  ProxyJump jump\n${jumpConfig}`);
  assert.equal((await refusal(last)).code, "host-key-changed");
  const alias = "somewhere";
  await writeFile(last.configFile, `${trusting}  HostKeyAlias ${alias}\n`);
  await appendFile(last.knownHostsFile, (await strangersKey(jump)).line.replace(/^\S+/, alias));
  assert.equal((await refusal(last)).code, "host-key-changed");
});

test("the remedy of a changed host key works: afterwards the key is new", async (t) => {
  const sshd = await startSshd(t);
  await writeFile(sshd.knownHostsFile, (await strangersKey(sshd)).line);
  const { remedy } = await refusal(sshd);
  execFileSync("sh", ["-c", remedy?.split(": ").at(-1) ?? "false"], { stdio: "ignore" });
  assert.match((await refusal(sshd)).message, /is not known/);
});

test("a revoked host key is refused with the line that revokes it", async (t) => {
  const sshd = await startSshd(t);
  const [type, key] = (await readFile(`${sshd.hostKeyFiles[0]}.pub`, "utf8")).split(" ");
  await appendFile(sshd.knownHostsFile, `@revoked * ${type} ${key}\n`);
  assert.match((await refusal(sshd)).message, /revoked.*known_hosts:2/);
});

test("hashed lines are read", async (t) => {
  const sshd = await startSshd(t);
  execFileSync("ssh-keygen", ["-H", "-f", sshd.knownHostsFile], { stdio: "ignore" });
  assert.match(await readFile(sshd.knownHostsFile, "utf8"), /^\|1\|/);
  const connection = await connectTo(t, targetOn(sshd));
  assert.equal((await outcome(connection.exec(["echo", "in"]))).stdout, "in\n");
});

test("a host with several keys is asked for one of a known type", async (t) => {
  const sshd = await startSshd(t, { hostKeyTypes: ["ed25519", "ecdsa", "rsa"] });
  const lines = (await readFile(sshd.knownHostsFile, "utf8")).trim().split("\n");
  for (const line of lines) {
    await writeFile(sshd.knownHostsFile, `${line}\n`);
    await (await targetOn(sshd).connect(AbortSignal.timeout(30_000))).close();
  }
});

test("a host that shows only a key of another type than the known ones is refused as changed", async (t) => {
  const sshd = await startSshd(t, { hostKeyTypes: ["rsa"] });
  await writeFile(sshd.knownHostsFile, (await strangersKey(sshd)).line);
  assert.match((await refusal(sshd, { acceptNewHostKey: true })).message, /has changed/);
});

test("a new host key is refused with its fingerprint where there is no terminal to ask on", async (t) => {
  const sshd = await startSshd(t);
  await rm(sshd.knownHostsFile);
  const { message, remedy } = await refusal(sshd); // the rig's configuration has StrictHostKeyChecking yes
  assert.ok(message.includes(fingerprintOf(`${sshd.hostKeyFiles[0]}.pub`)), message);
  assert.match(remedy ?? "", /--accept-new-host-key/);
  await rm(sshd.configFile);
  await writeFile(
    sshd.configFile,
    `Host rig\n HostName 127.0.0.1\n Port ${sshd.port}\n UserKnownHostsFile ${sshd.knownHostsFile}\n`,
  );
  assert.match(await withoutTerminal(sshd), /is not known.*SHA256:/s);
});

test("a terminal user is asked about a new host key, which is stored after yes", async (t) => {
  const sshd = await startSshd(t);
  await rm(sshd.knownHostsFile);
  const config = (await readFile(sshd.configFile, "utf8")).replace(
    "StrictHostKeyChecking yes",
    "StrictHostKeyChecking ask",
  );
  await writeFile(sshd.configFile, config);
  assert.match(await onTerminal(sshd, /yes\/no/, "no\r"), /is not known/);
  const shown = await onTerminal(sshd, /yes\/no/, "yes\r");
  assert.ok(shown.includes(fingerprintOf(`${sshd.hostKeyFiles[0]}.pub`)), shown);
  assert.match(shown, /connected/);
  assert.match(await withoutTerminal(sshd), /connected/);
});

test("--accept-new-host-key stores the key, hashed where so configured, and checks it from then on", async (t) => {
  const sshd = await startSshd(t);
  const file = join(sshd.directory, "new folder/known_hosts");
  const config = await readFile(sshd.configFile, "utf8");
  await writeFile(
    sshd.configFile,
    config.replace(/UserKnownHostsFile .*/, `UserKnownHostsFile "${file}"\n  HashKnownHosts yes`),
  );
  await mkdir(join(sshd.directory, "new folder"));
  await writeFile(file, "# no line end");
  await (await targetOn(sshd, { acceptNewHostKey: true }).connect(AbortSignal.timeout(30_000))).close();
  assert.match(await readFile(file, "utf8"), /^# no line end\n\|1\|\S+ ssh-ed25519 \S+\n$/);
  await (await targetOn(sshd).connect(AbortSignal.timeout(30_000))).close();
});

test("a known_hosts file that can't be read refuses every host", async (t) => {
  const sshd = await startSshd(t);
  await rm(sshd.knownHostsFile);
  await mkdir(sshd.knownHostsFile);
  assert.match((await refusal(sshd, { acceptNewHostKey: true })).message, /can't read .*known_hosts/);
});
