import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { Failure } from "../../../../../devtool/failure.ts";
import { parseDirective, parseSshConfig, readSshConfig } from "../../../../../devtool/targets/ssh/config/file.ts";
import { parseHostSpec } from "../../../../../devtool/targets/ssh/config/host-spec.ts";
import { askOpenSsh } from "../../../../../devtool/targets/ssh/config/openssh.ts";
import { interpret, type SshSettings } from "../../../../../devtool/targets/ssh/config/settings.ts";
import fc from "../../../../rig/fast-check.ts";

const home = userInfo().homedir;
let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "tinydocker-ssh-config."));
  await mkdir(join(directory, "conf.d"));
  await writeFile(join(directory, "conf.d/10-a"), "Host h\n  Port 1010\n  User first\n");
  await writeFile(join(directory, "conf.d/20-b"), "Host h\n  User second\nHost *\n  IdentityFile ~/from-b\n");
  await writeFile(join(directory, "conf.d/.hidden"), "Host h\n  User hidden\n");
});
after(() => rm(directory, { recursive: true, force: true }));

/** The settings from OpenSSH, and from our own parser, which is used where OpenSSH is not installed. */
async function both(config: string, host: string): Promise<[openSsh: SshSettings, own: SshSettings]> {
  const file = join(directory, "config");
  await writeFile(file, config.replaceAll("DIR", directory));
  const spec = parseHostSpec(host);
  const place = { file, home, notice: () => {} };
  const asked = await askOpenSsh(spec, file);
  assert.ok(asked, "OpenSSH must be installed for its tests");
  return [interpret(spec, asked, home), interpret(spec, await readSshConfig(spec, place), home)];
}

const table: readonly [title: string, config: string, host: string, expected: Partial<SshSettings>][] = [
  ["nothing", "", "h", { hostName: "h", port: 22, user: userInfo().username, identitiesOnly: false }],
  ["the first value counts", "Host h\n Port 1\nHost *\n Port 2\n User u\n", "h", { port: 1, user: "u" }],
  ["the command line before all", "User u\nPort 5\n", "me@h:7", { port: 7, user: "me" }],
  ["equal signs, quotes, letter case", 'HOST=h\n\tpOrT = 7\n  IdentityFile "DIR/a key"\n', "h", { port: 7 }],
  [
    "single quotes, as lima writes them on Windows",
    "Host h\n IdentityFile '/a key'\n",
    "h",
    { identityFiles: ["/a key"] },
  ],
  ["comments", "# Port 1\nHost h # not b\n Port 2 # two\n", "b", { port: 22 }],
  ["several patterns", "Host a h b\n Port 3\n", "h", { port: 3 }],
  ["wildcards", "Host *.example h?\n Port 3\n", "h1", { port: 3 }],
  ["letter case of a host counts", "Host ABC\n Port 3\n", "abc", { port: 22 }],
  ["negation", "Host * !h\n Port 3\n", "h", { port: 22 }],
  ["negation alone matches nothing", "Host !a\n Port 3\n", "h", { port: 22 }],
  [
    "patterns are of the name given, not of HostName",
    "Host h\n HostName 192.0.2.1\nHost 192.0.2.1\n Port 3\n",
    "h",
    { hostName: "192.0.2.1", port: 22 },
  ],
  ["HostName with %h", "Host h\n HostName %h.example\n", "h", { hostName: "h.example" }],
  [
    "identity files add up",
    "IdentityFile ~/a\nHost h\n IdentityFile /b\nIdentityFile ~/a\n",
    "h",
    { identityFiles: [`${home}/a`, "/b"] },
  ],
  ["tokens", "User u\nIdentityFile %d/%r@%h:%p-%n%%\n", "h", { identityFiles: [`${home}/u@h:22-h%`] }],
  [
    "IdentitiesOnly and IdentityAgent",
    "IdentitiesOnly yes\nIdentityAgent ~/agent.sock\n",
    "h",
    { identitiesOnly: true, agentSocket: `${home}/agent.sock` },
  ],
  ["IdentityAgent none", "IdentityAgent none\n", "h", { agentSocket: undefined }],
  ["IdentityFile none", "IdentityFile none\n", "h", { identityFiles: [] }],
  ["ProxyJump", "Host h\n ProxyJump me@a:23,b\n", "h", { proxyJump: "me@a:23,b" }],
  ["ProxyJump with a token", "Host h\n User u\n ProxyJump %r@b:2\n", "h", { proxyJump: "u@b:2" }],
  ["ProxyJump none", "Host h\n ProxyJump none\nHost *\n ProxyJump a\n", "h", { proxyJump: undefined }],
  ["ProxyCommand", 'Host h\n ProxyCommand nc "%h" %p # x\n', "h", { proxyCommand: 'nc "h" 22 # x' }],
  [
    "known hosts files",
    "UserKnownHostsFile ~/k1 /k2\nGlobalKnownHostsFile /dev/null\n",
    "h",
    { userKnownHostsFiles: [`${home}/k1`, "/k2"], globalKnownHostsFiles: ["/dev/null"] },
  ],
  [
    "certificates add up, with tokens",
    "CertificateFile ~/%h-cert.pub\nHost h\n CertificateFile /c\n",
    "h",
    { certificateFiles: [`${home}/h-cert.pub`, "/c"] },
  ],
  ["nothing that only OpenSSH can follow", "PKCS11Provider none\nProxyUseFdpass no\n", "h", { openSshOnly: [] }],
  [
    "what only OpenSSH can follow",
    "PKCS11Provider /lib/p.so\nProxyUseFdpass yes\nKnownHostsCommand /bin/keys %H\nRevokedHostKeys /revoked\n",
    "h",
    { openSshOnly: ["PKCS11Provider", "KnownHostsCommand", "RevokedHostKeys", "ProxyUseFdpass"] },
  ],
  ["ConnectTimeout", "ConnectTimeout 1m30s\n", "h", { connectTimeoutMs: 90_000 }],
  ["no ConnectTimeout", "", "h", { connectTimeoutMs: undefined, serverAlive: undefined }],
  ["ServerAliveInterval alone", "ServerAliveInterval 7\n", "h", { serverAlive: { intervalMs: 7000, countMax: 3 } }],
  [
    "ServerAliveInterval and ServerAliveCountMax",
    "ServerAliveInterval 1m\nServerAliveCountMax 9\n",
    "h",
    { serverAlive: { intervalMs: 60_000, countMax: 9 } },
  ],
  ["ForwardAgent no", "ForwardAgent no\n", "h", { forwardAgent: undefined }],
  ["ForwardAgent of a path", "ForwardAgent ~/a.sock\n", "h", { forwardAgent: `${home}/a.sock` }],
  ["ForwardAgent of a variable", "ForwardAgent $HOME\n", "h", { forwardAgent: process.env["HOME"] }],
  [
    "ForwardAgent yes, whatever IdentityAgent says",
    "ForwardAgent yes\nIdentityAgent ~/other.sock\n",
    "h",
    { forwardAgent: process.env["SSH_AUTH_SOCK"] || undefined, agentSocket: `${home}/other.sock` },
  ],
  [
    "methods that are switched off",
    "PasswordAuthentication no\nChallengeResponseAuthentication no\nPubkeyAuthentication no\nBatchMode yes\nServerAliveInterval 0\n",
    "h",
    {
      logIn: {
        preferred: undefined,
        disabled: ["publickey", "keyboard-interactive", "password", "hostbased", "gssapi-with-mic"],
        prompts: 3,
        batch: true,
      },
    },
  ],
  [
    "PreferredAuthentications and NumberOfPasswordPrompts",
    "PreferredAuthentications password,publickey\nNumberOfPasswordPrompts 1\nGSSAPIAuthentication yes\n",
    "h",
    { logIn: { preferred: ["password", "publickey"], disabled: ["hostbased"], prompts: 1, batch: false } },
  ],
  ["no known hosts file", "UserKnownHostsFile none\n", "h", { userKnownHostsFiles: [] }],
  [
    "HostKeyAlias and HashKnownHosts",
    "HostKeyAlias x\nHashKnownHosts yes\n",
    "h",
    { hostKeyAlias: "x", hashKnownHosts: true },
  ],
  ["StrictHostKeyChecking accept-new", "StrictHostKeyChecking accept-new\n", "h", { newHostKeys: "accept" }],
  ["StrictHostKeyChecking no", "StrictHostKeyChecking no\n", "h", { newHostKeys: "accept" }],
  ["StrictHostKeyChecking yes", "StrictHostKeyChecking yes\n", "h", { newHostKeys: "refuse" }],
  ["StrictHostKeyChecking ask", "", "h", { newHostKeys: "ask" }],
  ["Match all", "Host x\n Port 1\nMatch all\n Port 2\n", "h", { port: 2 }],
  ["Include of one file", "Include DIR/conf.d/10-a\nHost h\n Port 9\n", "h", { port: 1010, user: "first" }],
  [
    "Include by a pattern, sorted, hidden files left out",
    "Include DIR/conf.d/*\n",
    "h",
    { port: 1010, user: "first", identityFiles: [`${home}/from-b`] },
  ],
  ["Include of several patterns", "Include DIR/conf.d/2* DIR/conf.d/1*\n", "h", { port: 1010, user: "second" }],
  ["Include inside a Host that does not match", "Host x\n Include DIR/conf.d/*\n", "h", { port: 22 }],
  ["Include inside a Host that matches", "Host h\n Include DIR/conf.d/10-a\n Port 4\n", "h", { port: 1010 }],
  ["a Host inside an Include ends with it", "Host h\nInclude DIR/conf.d/20-b\nPort 4\n", "h", { port: 4 }],
  ["Include of a file that does not exist", "Include DIR/none\nPort 4\n", "h", { port: 4 }],
  ["AddressFamily and BindAddress", "", "h", { family: 0, bindAddress: undefined }],
  ["AddressFamily inet6", "AddressFamily inet6\n", "h", { family: 6 }],
  [
    "an address to connect from, of its family",
    "BindAddress 127.0.0.9\n",
    "h",
    { family: 4, bindAddress: "127.0.0.9" },
  ],
  [
    "an interface to connect by, which only OpenSSH can follow",
    "BindInterface lo\n",
    "h",
    { openSshOnly: ["BindInterface"] },
  ],
  [
    "a name to connect from, which only OpenSSH can follow",
    "BindAddress me.example\n",
    "h",
    { openSshOnly: ["BindAddress with a name"] },
  ],
  [
    "SetEnv, of which the first line counts",
    'SetEnv A=1 B="two words" "C=x y"\nSetEnv D=4\n',
    "h",
    { environment: { A: "1", B: "two words", C: "x y" } },
  ],
  [
    "SendEnv of names and patterns, some taken back, and SetEnv over it",
    "SendEnv HOM* PATH\nHost *\n SendEnv -PATH\n SendEnv USE? NOT_THERE\n SetEnv HOME=/x\n",
    "h",
    { environment: { ...(process.env["USER"] === undefined ? {} : { USER: process.env["USER"] }), HOME: "/x" } },
  ],
  ["NoHostAuthenticationForLocalhost, elsewhere", "NoHostAuthenticationForLocalhost yes\n", "h", { anyHostKey: false }],
  [
    "NoHostAuthenticationForLocalhost of localhost",
    "NoHostAuthenticationForLocalhost yes\n",
    "localhost",
    { anyHostKey: true },
  ],
  [
    "NoHostAuthenticationForLocalhost of 127.1.2.3",
    "NoHostAuthenticationForLocalhost yes\n",
    "127.1.2.3",
    { anyHostKey: true },
  ],
  [
    "NoHostAuthenticationForLocalhost of ::1",
    "NoHostAuthenticationForLocalhost yes\nHostName ::1\n",
    "h",
    { anyHostKey: true },
  ],
  [
    "NoHostAuthenticationForLocalhost through a ProxyCommand",
    "NoHostAuthenticationForLocalhost yes\nProxyCommand nc %h %p\n",
    "localhost",
    { anyHostKey: false },
  ],
  ["%C, as in the name of a key", "IdentityFile ~/%C\nUserKnownHostsFile ~/%C\n", "h", {}],
  ["an IPv6 address", "Host ::1\n Port 4\n", "::1", { hostName: "::1", port: 4 }],
];
for (const [title, config, host, expected] of table) {
  test(`ssh_config, by OpenSSH and by our own parser: ${title}`, async () => {
    const [openSsh, own] = await both(config, host);
    assert.deepEqual(own, openSsh);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(own[key as keyof SshSettings], value, key);
  });
}

test("without OpenSSH a Match that is not supported is ignored with a notice", async () => {
  const notices: string[] = [];
  const place = { file: undefined, home, notice: (text: string) => notices.push(text) };
  const spec = parseHostSpec("h");
  const options = await parseSshConfig("Match user root\n Port 1\nHost h\n Port 2\n", spec, place);
  assert.deepEqual(options.get("port"), ["2"]);
  assert.match(notices.join(), /ssh-config:1: "Match user root" is ignored/);
});

test("a relative Include is relative to ~/.ssh", async () => {
  await mkdir(join(directory, ".ssh"), { recursive: true });
  await writeFile(join(directory, ".ssh/config"), "Include more/*\n");
  await mkdir(join(directory, ".ssh/more"), { recursive: true });
  await writeFile(join(directory, ".ssh/more/a"), "Port 77\n");
  const options = await readSshConfig(parseHostSpec("h"), { file: undefined, home: directory, notice: () => {} });
  assert.deepEqual(options.get("port"), ["77"]);
});

test("an Include of itself ends with a Failure", async () => {
  const file = join(directory, "loop");
  await writeFile(file, `Include ${file}\n`);
  const reading = readSshConfig(parseHostSpec("h"), { file, home, notice: () => {} });
  await assert.rejects(reading, (error) => error instanceof Failure && error.exitCode === 2);
});

test("a command of Match exec that does not end is said to be waited for too long", async () => {
  const file = join(directory, "slow");
  await writeFile(file, 'Match exec "exec tail -f /dev/null --pid $PPID"\n');
  await assert.rejects(
    askOpenSsh(parseHostSpec("h"), file, 300),
    (error) =>
      error instanceof Failure &&
      error.message === "ssh did not read its configuration for h within 0.3 s" &&
      /Match exec/.test(error.remedy ?? ""),
  );
});

test("a configuration that OpenSSH refuses is refused with OpenSSH's message", async () => {
  const file = join(directory, "bad");
  await writeFile(file, "NoSuchThing yes\n");
  await assert.rejects(askOpenSsh(parseHostSpec("h"), file), /Bad configuration option: nosuchthing\n[^\r]*$/);
});

test("whatever a line contains, parsing it returns a directive or undefined, or throws a Failure", () => {
  fc.assert(
    fc.property(fc.string(), (line) => {
      try {
        const directive = parseDirective(line, "here");
        assert.ok(directive === undefined || directive.keyword.length > 0);
      } catch (error) {
        assert.ok(error instanceof Failure);
      }
    }),
  );
});
