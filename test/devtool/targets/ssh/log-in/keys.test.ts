import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { Failure } from "../../../../../devtool/failure.ts";
import { keyType } from "../../../../../devtool/targets/ssh/keys/key.ts";
import { readKeys } from "../../../../../devtool/targets/ssh/keys/reader.ts";
import { sshTarget } from "../../../../../devtool/targets/ssh/target.ts";
import { buildAgent } from "../../../../rig/agent.ts";
import { startSshAgent } from "../../../../rig/ssh-agent.ts";
import { type Sshd, startSshd } from "../../../../rig/sshd.ts";
import { connectTo, outcome, targetOn } from "../../connected.ts";
import { onTerminal, withoutTerminal } from "../../terminal.ts";

before(buildAgent);

async function refusal(connecting: Promise<unknown>): Promise<Failure> {
  const error = await connecting.then(
    () => new assert.AssertionError({ message: "the connection was made" }),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.exitCode, 2);
  return error;
}

const soon = () => AbortSignal.timeout(30_000);

async function configure(sshd: Sshd, from: string | RegExp, to: string): Promise<void> {
  await writeFile(sshd.configFile, (await readFile(sshd.configFile, "utf8")).replace(from, to));
}

function makeKey(sshd: Sshd, name: string): string {
  const file = join(sshd.directory, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  return file;
}

test("a key that the host refuses is reported by name, with the user and the remedy, and never shown", async (t) => {
  const sshd = await startSshd(t);
  const wrong = makeKey(sshd, "wrong_key");
  await configure(sshd, sshd.keyFile, wrong);
  const { message, remedy } = await refusal(targetOn(sshd).connect(soon()));
  assert.ok(message.includes(`127.0.0.1:${sshd.port} refused every key offered as ${sshd.user} (${wrong})`), message);
  assert.match(message, /publickey/);
  assert.ok(remedy?.endsWith(`ssh-copy-id -p ${sshd.port} ${sshd.user}@127.0.0.1`), remedy);
  const secret = (await readFile(wrong, "utf8")).split("\n")[1] ?? "";
  assert.ok(!`${message}${remedy}`.includes(secret));
});

test("no key at all is reported differently from a refused one", async (t) => {
  const sshd = await startSshd(t);
  await configure(sshd, /IdentityFile .*/, "IdentityFile none");
  assert.match(
    (await refusal(targetOn(sshd).connect(soon()))).message,
    /asks for a key for .*, and none is configured/,
  );
});

test("a key's file that the configuration names and that is not there is named, beside a key that is refused too", async (t) => {
  const sshd = await startSshd(t);
  const gone = join(sshd.directory, "gone_key");
  await configure(sshd, sshd.keyFile, gone);
  const { message, remedy } = await refusal(targetOn(sshd).connect(soon()));
  assert.ok(
    message.includes(`asks for a key for ${sshd.user}; there is no ${gone}, which IdentityFile names;`),
    message,
  );
  assert.ok(remedy?.endsWith(`ssh-keygen -f ${gone}`), remedy);

  const wrong = makeKey(sshd, "wrong_key");
  await configure(sshd, gone, `${gone}\n  IdentityFile ${wrong}`);
  const both = await refusal(targetOn(sshd).connect(soon()));
  assert.ok(both.message.includes(`(${wrong}); there is no ${gone}, which IdentityFile names;`), both.message);
});

test("a key that can't be read is named where the host asks for a password again and again, and what ssh repeats is said once", async (t) => {
  const sshd = await startSshd(t, { config: ["PasswordAuthentication yes"] });
  await writeFile(sshd.keyFile, "not a key\n");
  const { message } = await refusal(targetOn(sshd).connect(soon()));
  assert.ok(message.includes(`Load key "${sshd.keyFile}": `), message);
  assert.equal(message.split("Permission denied, please try again.").length - 1, 1, message);
});

test("RSA, ECDSA and Ed25519 keys log in", async (t) => {
  const sshd = await startSshd(t);
  for (const type of ["rsa", "ecdsa", "ed25519"]) {
    const file = join(sshd.directory, `key_${type}`);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", file]);
    await writeFile(join(sshd.directory, "authorized_keys"), await readFile(`${file}.pub`));
    await configure(sshd, /IdentityFile .*/, `IdentityFile ${file}`);
    await (await targetOn(sshd).connect(soon())).close();
  }
});

/** A key as openssl and clouds write it: PKCS #8. Its public part, which lies nowhere, is authorized. */
async function usePem(sshd: Sshd, privateKey: KeyObject, passphrase?: string): Promise<void> {
  const file = join(sshd.directory, "pem_key");
  const locked = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  await writeFile(file, privateKey.export({ type: "pkcs8", format: "pem", ...locked }), { mode: 0o600 });
  const plain = readKeys.parse(Buffer.from(privateKey.export({ type: "pkcs8", format: "pem" })));
  assert.ok(typeof plain === "object");
  const line = `${keyType(plain.publicKey)} ${plain.publicKey.toString("base64")}\n`;
  await writeFile(join(sshd.directory, "authorized_keys"), line);
  await configure(sshd, /IdentityFile .*/, `IdentityFile ${file}`);
}

test("RSA, ECDSA and Ed25519 keys in PKCS #8 log in, also with a passphrase", async (t) => {
  const sshd = await startSshd(t);
  const keys = [
    generateKeyPairSync("rsa", { modulusLength: 2048 }),
    generateKeyPairSync("ec", { namedCurve: "P-256" }),
    generateKeyPairSync("ed25519"),
  ];
  for (const { privateKey } of keys) {
    await usePem(sshd, privateKey);
    await (await targetOn(sshd).connect(soon())).close();
  }
  for (const { privateKey } of keys.slice(0, 2)) {
    await usePem(sshd, privateKey, "open sesame");
    const shown = await onTerminal(sshd, /Passphrase for .*: /, "wrong\r", "open sesame\r");
    assert.match(shown, /connected/);
    assert.equal(shown.match(/Passphrase for/g)?.length, 2);
  }
});

test("where no key can be read, ssh says what is wrong with the file", async (t) => {
  const sshd = await startSshd(t);
  const file = join(sshd.directory, "broken");
  await writeFile(file, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", { mode: 0o600 });
  await configure(sshd, /IdentityFile .*/, `IdentityFile ${file}`);
  const { message } = await refusal(targetOn(sshd).connect(soon()));
  assert.match(message, /^ssh can't log in on .*Load key ".*broken": .*Permission denied \(publickey\)/);
});

test("a locked key without a terminal is refused with ssh-add as the remedy", async (t) => {
  const sshd = await startSshd(t, { passphrase: "open sesame" });
  const shown = await withoutTerminal(sshd);
  assert.match(shown, /client_key needs a passphrase, and there is no terminal/);
  assert.match(shown, /ssh-add .*client_key/);
});

test("a passphrase is asked for on the terminal, never shown, and asked for again when wrong", async (t) => {
  const sshd = await startSshd(t, { passphrase: "open sesame" });
  const shown = await onTerminal(sshd, /Passphrase for .*: /, "wrong\r", "open ses\x7fsame\r");
  assert.match(shown, /connected/);
  assert.doesNotMatch(shown, /open|sesame|wrong/);
  assert.equal(shown.match(/Passphrase for/g)?.length, 2);
});

test("SSH_ASKPASS asks for a passphrase where there is no terminal, and where it gives no answer that is said", async (t) => {
  const sshd = await startSshd(t, { passphrase: "open sesame" });
  const program = join(sshd.directory, "askpass");
  const asked = join(sshd.directory, "asked");
  await writeFile(program, `#!/bin/sh\necho "$1" >>'${asked}'\necho "open sesame"\necho more\n`, { mode: 0o755 });
  const withoutDisplay = { ...process.env, SSH_ASKPASS: program, DISPLAY: "", WAYLAND_DISPLAY: "" };
  const env = { ...withoutDisplay, DISPLAY: ":0" };
  assert.match(await withoutTerminal(sshd, env), /connected/);
  assert.match(await readFile(asked, "utf8"), /^Passphrase for .*client_key: \n$/);
  assert.match(await withoutTerminal(sshd, withoutDisplay), /there is no terminal to ask on/);
  assert.match(await withoutTerminal(sshd, { ...withoutDisplay, SSH_ASKPASS_REQUIRE: "force" }), /connected/);
  assert.match(await withoutTerminal(sshd, { ...env, SSH_ASKPASS_REQUIRE: "never" }), /there is no terminal to ask on/);
  await writeFile(program, "#!/bin/sh\nexit 1\n");
  assert.match(await withoutTerminal(sshd, env), /askpass \(SSH_ASKPASS\) gave no answer/);
});

test("a third wrong passphrase is the last", async (t) => {
  const sshd = await startSshd(t, { passphrase: "open sesame" });
  const shown = await onTerminal(sshd, /Passphrase for .*: /, "a\r", "b\r", "c\r");
  assert.match(shown, /3 wrong passphrases/);
});

test("no passphrase is asked for if the host would refuse the key", async (t) => {
  const sshd = await startSshd(t, { passphrase: "open sesame" });
  await writeFile(join(sshd.directory, "authorized_keys"), "");
  assert.match(await withoutTerminal(sshd), /refused every key/);
});

test("a key in the agent needs no passphrase; SSH_AUTH_SOCK and IdentityAgent name the agent", async (t) => {
  const plain = await startSshd(t);
  const locked = join(plain.directory, "locked");
  execFileSync(
    "sh",
    ["-c", 'cp "$1" "$2"; cp "$1.pub" "$2.pub"; ssh-keygen -q -p -N secret -f "$2"', "sh", plain.keyFile, locked],
    { stdio: "ignore" },
  );
  const socket = await startSshAgent(t, plain.directory, [plain.keyFile]);
  await configure(plain, /IdentityFile .*/, `IdentityFile ${locked}`);
  assert.match(await withoutTerminal(plain, { ...process.env, SSH_AUTH_SOCK: socket }), /connected/);
  await configure(plain, "IdentitiesOnly yes", `IdentitiesOnly yes\n  IdentityAgent ${socket}`);
  assert.match(await withoutTerminal(plain, { ...process.env, SSH_AUTH_SOCK: "" }), /connected/);
});

test("IdentitiesOnly keeps an agent's many other keys from using up the host's limit of attempts", async (t) => {
  const sshd = await startSshd(t, { config: ["MaxAuthTries 3"] });
  const others = ["a", "b", "c", "d", "e"].map((name) => makeKey(sshd, name));
  const socket = await startSshAgent(t, sshd.directory, [...others, sshd.keyFile]);
  await configure(sshd, "IdentitiesOnly yes", `IdentitiesOnly yes\n  IdentityAgent ${socket}`);
  await (await targetOn(sshd).connect(soon())).close();
  await configure(sshd, "IdentitiesOnly yes", "IdentitiesOnly no");
  await (await targetOn(sshd).connect(soon())).close(); // the configured key goes first
  await configure(sshd, /IdentityFile .*/, "IdentityFile none");
  const { message, remedy } = await refusal(targetOn(sshd).connect(soon()));
  assert.match(message, /too many keys/);
  assert.match(remedy ?? "", /IdentitiesOnly/);
});

test("a public key names the agent's key to offer: IdentityFile k.pub, and k.pub beside a k that is missing", async (t) => {
  const sshd = await startSshd(t, { config: ["MaxAuthTries 3"] });
  const others = ["a", "b", "c", "d", "e"].map((name) => makeKey(sshd, name));
  const socket = await startSshAgent(t, sshd.directory, [...others, sshd.keyFile]);
  await rename(sshd.keyFile, join(sshd.directory, "moved"));
  for (const only of ["yes", "no"]) {
    await configure(
      sshd,
      /IdentitiesOnly .*(\n {2}IdentityAgent .*)?/,
      `IdentitiesOnly ${only}\n  IdentityAgent ${socket}`,
    );
    for (const file of [sshd.keyFile, `${sshd.keyFile}.pub`]) {
      await configure(sshd, /IdentityFile .*/, `IdentityFile ${file}`);
      await (await targetOn(sshd).connect(soon())).close();
    }
  }
});

test("a public key whose private key is nowhere is reported with ssh-add as the remedy", async (t) => {
  const sshd = await startSshd(t);
  const socket = await startSshAgent(t, sshd.directory, []);
  await configure(sshd, "IdentitiesOnly yes", `IdentitiesOnly yes\n  IdentityAgent ${socket}`);
  await configure(sshd, /IdentityFile .*/, `IdentityFile ${sshd.keyFile}.pub`);
  const { message, remedy } = await refusal(targetOn(sshd).connect(soon()));
  assert.ok(message.includes(`neither a file nor an agent has the private key of ${sshd.keyFile}.pub`), message);
  assert.doesNotMatch(message, /none is configured/);
  assert.ok(remedy?.endsWith(`ssh-add ${sshd.keyFile}`), remedy);
});

test("an agent that does not sign, as when nobody confirms, is said to, and the next key is offered", async (t) => {
  const sshd = await startSshd(t);
  const socket = await startSshAgent(t, sshd.directory, []);
  execFileSync("ssh-add", ["-q", "-c", sshd.keyFile], {
    env: { ...process.env, SSH_AUTH_SOCK: socket },
    stdio: "ignore",
  });
  const moved = join(sshd.directory, "moved");
  await rename(sshd.keyFile, moved);
  await configure(sshd, "IdentitiesOnly yes", `IdentitiesOnly yes\n  IdentityAgent ${socket}`);
  const { message, remedy } = await refusal(targetOn(sshd).connect(soon()));
  assert.match(
    message,
    /accepts the key of .* \(agent: rig\), and the agent does not sign with it; it offers publickey/,
  );
  assert.match(remedy ?? "", /unlock the agent/);

  const other = makeKey(sshd, "other_key");
  const authorized = await Promise.all([sshd.keyFile, other].map((file) => readFile(`${file}.pub`, "utf8")));
  await writeFile(join(sshd.directory, "authorized_keys"), authorized.join(""));
  await configure(sshd, "IdentitiesOnly yes", `IdentitiesOnly yes\n  IdentityFile ${other}`);
  await (await targetOn(sshd).connect(soon())).close();
});

test("an agent that does not answer is named where no key logs in", async (t) => {
  const sshd = await startSshd(t);
  await configure(sshd, /IdentityFile .*/, `IdentityFile none\n  IdentityAgent ${sshd.directory}/none.sock`);
  const { message, remedy } = await refusal(targetOn(sshd).connect(soon()));
  assert.ok(message.includes(`no agent answers at ${sshd.directory}/none.sock`), message);
  assert.match(remedy ?? "", /SSH_AUTH_SOCK or IdentityAgent/);
});

test("a private key listed behind its own public key is offered", async (t) => {
  const sshd = await startSshd(t);
  await configure(sshd, /IdentityFile .*/, `IdentityFile ${sshd.keyFile}.pub\n  IdentityFile ${sshd.keyFile}`);
  await (await targetOn(sshd).connect(soon())).close();
});

test("an agent that does not run is ignored", async (t) => {
  const sshd = await startSshd(t);
  await configure(sshd, "IdentitiesOnly yes", `IdentityAgent ${sshd.directory}/none.sock`);
  await (await targetOn(sshd).connect(soon())).close();
});

const adHoc = (host: string) =>
  sshTarget(host, host, { acceptNewHostKey: true, configFile: "/dev/null", sudo: undefined, notice: () => {} });

test("a port where nothing listens is reported with the remedy", async (t) => {
  const sshd = await startSshd(t);
  await sshd.stop();
  const { message, remedy } = await refusal(adHoc(`root@127.0.0.1:${sshd.port}`).connect(soon()));
  assert.ok(message.includes(`127.0.0.1:${sshd.port} refused the connection`), message);
  assert.match(remedy ?? "", /sshd/);
});

test("a name that has no address is reported with the remedy", async () => {
  const { message, remedy } = await refusal(adHoc("no-such-host.invalid").connect(soon()));
  assert.match(message, /no-such-host\.invalid has no address/);
  assert.match(remedy ?? "", /HostName/);
});

async function listen(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const server = createServer(serve).listen(0, "127.0.0.1");
  t.after(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

test("something that is not an SSH server is reported with its address", async (t) => {
  const port = await listen(t, (socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(2000));
  });
  const { message } = await refusal(adHoc(`root@127.0.0.1:${port}`).connect(soon()));
  assert.match(message, new RegExp(`127.0.0.1:${port}`));
});

test("a host that hangs up without a word, as sshd does at MaxStartups, is reported as such", async (t) => {
  const port = await listen(t, (socket) => void socket.end());
  const { message, remedy } = await refusal(adHoc(`root@127.0.0.1:${port}`).connect(soon()));
  assert.equal(message, `127.0.0.1:${port} closed the connection before the SSH handshake`);
  assert.match(remedy ?? "", /MaxStartups/);
});

test("connecting to a server that never answers ends when it is aborted", async (t) => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  t.after(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const abort = new AbortController();
  const reason = new Error("enough");
  server.once("connection", (socket) => {
    socket.on("error", () => {}).resume();
    abort.abort(reason);
  });
  await assert.rejects(adHoc(`root@127.0.0.1:${address.port}`).connect(abort.signal), reason);
});

test("a connection leads through jump hosts, each with its own keys and known_hosts", async (t) => {
  const [first, second, last] = [await startSshd(t), await startSshd(t), await startSshd(t)];
  const configs = await Promise.all([first, second, last].map(({ configFile }) => readFile(configFile, "utf8")));
  const [a = "", b = "", c = ""] = configs;
  const config = [
    a.replace("Host rig", "Host first"),
    b.replace("Host rig", "Host second"),
    c,
    "  ProxyJump first,second\n",
  ];
  await writeFile(last.configFile, config.join(""));
  const connection = await connectTo(t, targetOn(last));
  const { stdout } = await outcome(connection.exec(["sh", "-c", 'echo "$HOME $SSH_CONNECTION"']));
  assert.ok(stdout.startsWith(`${last.home} `), stdout);
  assert.equal((await first.connections()).length, 1);
  assert.equal((await second.connections()).length, 1);
  await second.stop();
  assert.match((await connection.closed)?.message ?? "", /lost/);
});

test("a jump host that can't reach the next is reported differently from an unreachable jump host", async (t) => {
  const sshd = await startSshd(t);
  const gone = await startSshd(t);
  await gone.stop();
  const config = (await readFile(sshd.configFile, "utf8")).replace("Host rig", "Host jump");
  await writeFile(sshd.configFile, `${config}\nHost rig\n HostName 127.0.0.1\n Port ${gone.port}\n ProxyJump jump\n`);
  assert.match(
    (await refusal(targetOn(sshd).connect(soon()))).message,
    new RegExp(`jump host can't reach 127.0.0.1:${gone.port}`),
  );
});
