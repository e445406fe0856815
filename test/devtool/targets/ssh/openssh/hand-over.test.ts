import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { buildAgent } from "../../../../rig/agent.ts";
import { certifyHost, certifyUser, makeAuthority } from "../../../../rig/certificate.ts";
import { needs, temporaryDirectory } from "../../../../rig/host.ts";
import { PASSWORD, passwordSshdLacks, startPasswordSshd } from "../../../../rig/password-sshd.ts";
import { startSshAgent } from "../../../../rig/ssh-agent.ts";
import { type Sshd, startSshd } from "../../../../rig/sshd.ts";
import { connectTo, outcome, refusal, targetOn } from "../../connected.ts";
import { onTerminal, withoutTerminal } from "../../terminal.ts";

before(buildAgent);

async function configure(sshd: Sshd, from: string | RegExp, to: string): Promise<void> {
  await writeFile(sshd.configFile, (await readFile(sshd.configFile, "utf8")).replace(from, to));
}

async function logsIn(t: TestContext, sshd: Sshd): Promise<void> {
  const connection = await connectTo(t, targetOn(sshd));
  assert.equal((await outcome(connection.exec(["echo", "in"]))).stdout, "in\n");
}

/** It lets in by certificates alone. */
async function startCertified(t: TestContext): Promise<{ sshd: Sshd; authority: string }> {
  const directory = await temporaryDirectory(t);
  const authority = makeAuthority(directory);
  const sshd = await startSshd(t, { config: [`TrustedUserCAKeys ${authority}.pub`] });
  await writeFile(join(sshd.directory, "authorized_keys"), "");
  return { sshd, authority };
}

test("a certificate beside a key, and one that CertificateFile names, log in", async (t) => {
  const { sshd, authority } = await startCertified(t);
  assert.equal((await refusal(sshd)).code, "login-refused");
  const certificate = certifyUser(authority, sshd.keyFile, sshd);
  await logsIn(t, sshd);
  await rename(certificate, join(sshd.directory, "elsewhere.pub"));
  await configure(sshd, "IdentitiesOnly yes", `IdentitiesOnly yes\n  CertificateFile ${sshd.directory}/elsewhere.pub`);
  await logsIn(t, sshd);
});

test("a certificate in an agent logs in", async (t) => {
  const { sshd, authority } = await startCertified(t);
  const certificate = certifyUser(authority, sshd.keyFile, sshd);
  const socket = await startSshAgent(t, sshd.directory, [sshd.keyFile]); // ssh-add takes the certificate with the key
  await rm(certificate);
  await configure(sshd, /IdentityFile .*/, "IdentityFile none");
  await configure(sshd, "IdentitiesOnly yes", `IdentityAgent ${socket}`);
  await logsIn(t, sshd);
});

test("a certificate that has expired is refused with ssh's own message, whatever LogLevel says", async (t) => {
  const { sshd, authority } = await startCertified(t);
  await writeFile(sshd.configFile, `${await readFile(sshd.configFile, "utf8")}  LogLevel QUIET\n`);
  certifyUser(authority, sshd.keyFile, sshd, "-V", "20200101:20200102");
  const { message, code, remedy } = await refusal(sshd);
  assert.match(message, new RegExp(`ssh can't log in on 127.0.0.1:${sshd.port}: .*Permission denied \\(publickey\\)`));
  assert.equal(code, "login-refused");
  assert.match(remedy ?? "", /ssh -v rig/);
});

/** Its key is not in known_hosts; an authority that certified it is. */
async function startVouchedFor(t: TestContext): Promise<{ sshd: Sshd; line: string }> {
  const directory = await temporaryDirectory(t);
  const authority = makeAuthority(directory);
  const hostKey = makeAuthority(directory, "host_key");
  const certificate = certifyHost(authority, hostKey, "127.0.0.1");
  const sshd = await startSshd(t, { config: [`HostKey ${hostKey}`, `HostCertificate ${certificate}`] });
  const line = `@cert-authority [127.0.0.1]:* ${await readFile(`${authority}.pub`, "utf8")}`;
  await writeFile(sshd.knownHostsFile, line);
  return { sshd, line };
}

test("a host that a certificate authority vouches for is trusted, and one that another vouches for is not", async (t) => {
  const { sshd, line } = await startVouchedFor(t);
  await logsIn(t, sshd);
  const stranger = makeAuthority(sshd.directory, "stranger");
  await writeFile(sshd.knownHostsFile, `@cert-authority * ${await readFile(`${stranger}.pub`, "utf8")}`);
  assert.equal((await refusal(sshd)).code, "host-key-unknown");
  await writeFile(sshd.knownHostsFile, `${line}${line.replace("@cert-authority", "@revoked")}`);
  assert.equal((await refusal(sshd)).code, "host-key-revoked");
});

test("a host with only a key exchange that the library has not is reached", async (t) => {
  const sshd = await startSshd(t, { config: ["KexAlgorithms sntrup761x25519-sha512@openssh.com"] });
  await logsIn(t, sshd);
});

test("a host whose key a KnownHostsCommand knows is reached", async (t) => {
  const sshd = await startSshd(t);
  const known = join(sshd.directory, "elsewhere");
  await rename(sshd.knownHostsFile, known);
  await configure(sshd, "IdentitiesOnly yes", `IdentitiesOnly yes\n  KnownHostsCommand /bin/cat ${known}`);
  await logsIn(t, sshd);
});

const SECURITY_KEY =
  "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIF3hNPmcc6L4VLFfUY4l9xIDgJpsv4cfcYg4zrbJSnpxAAAABHNzaDo= key\n";

test("a security key (FIDO) is left to ssh, which also offers the keys beside it", async (t) => {
  const sshd = await startSshd(t);
  await writeFile(join(sshd.directory, "id_sk.pub"), SECURITY_KEY);
  await configure(sshd, /IdentityFile .*/, `IdentityFile ${sshd.directory}/id_sk\n  IdentityFile ${sshd.keyFile}`);
  await logsIn(t, sshd);
  await configure(sshd, /\n {2}IdentityFile .*client_key/, "");
  assert.match((await refusal(sshd)).message, /ssh can't log in/);
});

test("where ssh asks on the terminal itself, as for GSSAPI and then a password, its answer logs in", async (t) => {
  if (!needs(t, passwordSshdLacks())) return;
  const sshd = await startPasswordSshd(t, { config: ["PasswordAuthentication yes", "GSSAPIAuthentication yes"] });
  await writeFile(join(sshd.directory, "authorized_keys"), "");
  await configure(sshd, "IdentitiesOnly yes", "IdentitiesOnly yes\n  GSSAPIAuthentication yes");
  const shown = await onTerminal(sshd, /password: /, `${PASSWORD}\r`);
  assert.match(shown, /connected/);
  assert.doesNotMatch(shown, /sesame/);
  assert.match(await withoutTerminal(sshd), /ssh can't log in on .*Permission denied/);
});

test("where ssh is not installed, a notice says what it was needed for, and the other keys are offered", async (t) => {
  const sshd = await startSshd(t);
  const bin = await mkdtemp(join(tmpdir(), "tinydocker-bin."));
  t.after(() => rm(bin, { recursive: true, force: true }));
  await symlink(process.execPath, join(bin, "node"));
  certifyUser(makeAuthority(sshd.directory), sshd.keyFile, sshd);
  const shown = await withoutTerminal(sshd, { ...process.env, PATH: bin });
  assert.match(
    shown,
    /rig: .*client_key-cert\.pub is a certificate, which takes OpenSSH's ssh, and that is not installed/,
  );
  assert.match(shown, /connected/);
});

test("a jump host and the host behind it are left to ssh when one of them needs it", async (t) => {
  const { sshd: last, authority } = await startCertified(t);
  const jump = await startSshd(t);
  certifyUser(authority, last.keyFile, last);
  await appendFile(last.configFile, "  ProxyJump jump\n");
  await appendFile(last.configFile, (await readFile(jump.configFile, "utf8")).replace("Host rig", "Host jump"));
  await logsIn(t, last);
  assert.equal((await jump.connections()).length, 1);
});
