import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { buildAgent } from "../../../../rig/agent.ts";
import { needs, temporaryDirectory } from "../../../../rig/host.ts";
import { PASSWORD, passwordSshdLacks, startPasswordSshd } from "../../../../rig/password-sshd.ts";
import type { Sshd } from "../../../../rig/sshd.ts";
import { onTerminal, withoutTerminal } from "../../terminal.ts";

before(buildAgent);

const PASSWORDS = ["PasswordAuthentication yes"];
const KEY_AND_PASSWORD = [...PASSWORDS, "AuthenticationMethods publickey,password"];
const QUESTION = {
  config: ["UsePAM yes", "KbdInteractiveAuthentication yes", "AuthenticationMethods publickey,keyboard-interactive"],
  pam: ["auth required pam_unix.so", "account required pam_permit.so", "session required pam_permit.so"],
};

async function configure(sshd: Sshd, from: string | RegExp, to: string): Promise<void> {
  await writeFile(sshd.configFile, (await readFile(sshd.configFile, "utf8")).replace(from, to));
}

async function sshdWith(t: TestContext, options: Parameters<typeof startPasswordSshd>[1]): Promise<Sshd | undefined> {
  return needs(t, passwordSshdLacks()) ? await startPasswordSshd(t, options) : undefined;
}

test("a password is asked for on the terminal where no key logs in, never shown, and asked for again when wrong", async (t) => {
  const sshd = await sshdWith(t, { config: PASSWORDS });
  if (!sshd) return;
  await writeFile(join(sshd.directory, "authorized_keys"), "");
  const shown = await onTerminal(sshd, /root@127\.0\.0\.1's password: /, "wrong\r", `${PASSWORD}\r`);
  assert.match(shown, /connected/);
  assert.doesNotMatch(shown, /wrong|sesame/);
});

test("Ctrl-U begins the answer again", async (t) => {
  const sshd = await sshdWith(t, { config: KEY_AND_PASSWORD });
  if (!sshd) return;
  const shown = await onTerminal(sshd, /password: /, `wrong\x15${PASSWORD}\r`);
  assert.match(shown, /password: \s+connected/);
});

test("a password is not asked for where a key is enough", async (t) => {
  const sshd = await sshdWith(t, { config: PASSWORDS });
  if (!sshd) return;
  assert.match(await withoutTerminal(sshd), /^connected/);
});

test("a third wrong password is the last, and NumberOfPasswordPrompts is another number", async (t) => {
  const sshd = await sshdWith(t, { config: PASSWORDS });
  if (!sshd) return;
  await configure(sshd, /IdentityFile .*/, "IdentityFile none");
  const shown = await onTerminal(sshd, /password: /, "a\r", "b\r", "c\r");
  assert.match(shown, new RegExp(`127.0.0.1:${sshd.port} refused 3 answers; it offers publickey, ?password`));
  await configure(sshd, "IdentityFile none", "IdentityFile none\n  NumberOfPasswordPrompts 1");
  assert.match(await onTerminal(sshd, /password: /, "a\r"), /refused the answer/);
});

test("a host that allows fewer answers than are asked for says so, and not that there were too many keys", async (t) => {
  const sshd = await sshdWith(t, { config: [...KEY_AND_PASSWORD, "MaxAuthTries 2"] });
  if (!sshd) return;
  assert.match(
    await onTerminal(sshd, /password: /, "wrong\r", "wrong\r"),
    /refused the login after too many attempts\s+.*MaxAuthTries/,
  );
});

test("a key that is accepted and a password that is asked for as well log in", async (t) => {
  const sshd = await sshdWith(t, { config: KEY_AND_PASSWORD });
  if (!sshd) return;
  assert.match(await onTerminal(sshd, /password: /, `${PASSWORD}\r`), /connected/);
});

test("the failure says that the key was accepted, and that a second factor is wanted that nobody can be asked for", async (t) => {
  const sshd = await sshdWith(t, { config: KEY_AND_PASSWORD });
  if (!sshd) return;
  const shown = await withoutTerminal(sshd);
  assert.doesNotMatch(shown, /refused every key/);
  assert.ok(
    shown.includes(
      `accepted the key of root (${sshd.keyFile}); asks for a password, and there is no terminal to ask on; it wants another method as well: password`,
    ),
    shown,
  );
  await configure(sshd, "IdentitiesOnly yes", "IdentitiesOnly yes\n  BatchMode yes");
  assert.match(await onTerminal(sshd, /password/), /asks for a password, and BatchMode forbids to ask/);
});

test("a second factor that is switched off in the configuration, and that was refused, are told apart", async (t) => {
  const sshd = await sshdWith(t, { config: KEY_AND_PASSWORD });
  if (!sshd) return;
  assert.match(
    await onTerminal(sshd, /password: /, "a\r", "b\r", "c\r"),
    /accepted the key of root \(.*\); refused 3 answers; it wants another method as well: password/,
  );
  await configure(sshd, "IdentitiesOnly yes", "IdentitiesOnly yes\n  PasswordAuthentication no");
  assert.match(
    await onTerminal(sshd, /password: /),
    /accepted the key of root \(.*\); it wants another method as well: password/,
  );
});

test("two keys that are wanted one after the other log in", async (t) => {
  const sshd = await sshdWith(t, { config: ["AuthenticationMethods publickey,publickey"] });
  if (!sshd) return;
  assert.match(await withoutTerminal(sshd), /accepted the key of root/);
  const second = join(sshd.directory, "host_ed25519");
  await writeFile(
    join(sshd.directory, "authorized_keys"),
    [await readFile(`${sshd.keyFile}.pub`, "utf8"), await readFile(`${second}.pub`, "utf8")].join(""),
  );
  await configure(sshd, "IdentitiesOnly yes", `IdentitiesOnly yes\n  IdentityFile ${second}`);
  assert.match(await withoutTerminal(sshd), /^connected/);
});

test("keyboard-interactive's question is asked after a key, and a third factor after both", async (t) => {
  const sshd = await sshdWith(t, QUESTION);
  if (!sshd) return;
  const question = /\(root@127\.0\.0\.1\) Password: /;
  const shown = await onTerminal(sshd, question, `${PASSWORD}\r`);
  assert.match(shown, /connected/);
  assert.doesNotMatch(shown, /sesame/);
  const config = [
    ...PASSWORDS,
    ...QUESTION.config.slice(0, 2),
    "AuthenticationMethods publickey,keyboard-interactive,password",
  ];
  const three = await startPasswordSshd(t, { ...QUESTION, config });
  assert.match(await onTerminal(three, /[Pp]assword: /, `${PASSWORD}\r`, `${PASSWORD}\r`), /connected/);
});

test("keyboard-interactive that nobody can be asked is told apart from refused answers", async (t) => {
  const sshd = await sshdWith(t, QUESTION);
  if (!sshd) return;
  assert.match(
    await withoutTerminal(sshd),
    /accepted the key of root \(.*\); asks for an answer, such as a one-time code, and there is no terminal/,
  );
  const wrong = Array.from({ length: 6 }, () => "wrong\r");
  assert.match(await onTerminal(sshd, /Password: /, ...wrong), /accepted the key of root \(.*\); refused \d answers/);
});

test("a question of several lines is shown as such", async (t) => {
  const text = join(await temporaryDirectory(t), "text");
  await writeFile(text, "Choose:\n 1. push\n 2. call\n");
  const sshd = await sshdWith(t, { ...QUESTION, pam: [`auth optional pam_echo.so file=${text}`, ...QUESTION.pam] });
  if (!sshd) return;
  const shown = await onTerminal(sshd, /Password: /, `${PASSWORD}\r`);
  assert.match(shown, /\(root@127\.0\.0\.1\) Choose:\r+\n 1\. push\r+\n 2\. call\r+\n\s*Password: /);
});

test("what a host says before the login is told where a person is asked, and not where a key is enough", async (t) => {
  const text = join(await temporaryDirectory(t), "text");
  await writeFile(text, "Take the password\nof the directory.\n");
  const sshd = await sshdWith(t, { config: [...PASSWORDS, `Banner ${text}`] });
  if (!sshd) return;
  assert.doesNotMatch(await withoutTerminal(sshd), /directory/);
  await configure(sshd, /IdentityFile .*/, "IdentityFile none");
  const shown = await onTerminal(sshd, /'s password: /, "wrong\r", `${PASSWORD}\r`);
  assert.equal(shown.match(/: of the directory\.\r+\n/g)?.length, 1);
  assert.ok(shown.indexOf("directory") < shown.indexOf("'s password"), shown);
});

test("what a host says before it waits for a person elsewhere is told while it waits", async (t) => {
  const directory = await temporaryDirectory(t);
  const [text, gate, step] = ["text", "gate", "step"].map((name) => join(directory, name)) as [string, string, string];
  await writeFile(text, "Confirm at https://login.example/1\n");
  execFileSync("mkfifo", [gate]);
  await writeFile(step, `#!/bin/sh\nread -r _ <'${gate}'\n`, { mode: 0o755 });
  const sshd = await sshdWith(t, {
    config: [...QUESTION.config, `Banner ${text}`],
    pam: [`auth required pam_exec.so quiet ${step}`, ...QUESTION.pam.slice(1)],
  });
  if (!sshd) return;
  const confirm = () => writeFile(gate, "yes\n");
  assert.match(await onTerminal(sshd, /https:\/\/login\.example\/1/, confirm), /connected/);
});

test("Ctrl-C at the question ends the login", async (t) => {
  const sshd = await sshdWith(t, { config: KEY_AND_PASSWORD });
  if (!sshd) return;
  assert.doesNotMatch(await onTerminal(sshd, /password: /, "half\x03"), /connected|half/);
});

test("a host that ends the login while it asks is reported with where its reason stands", async (t) => {
  const sshd = await sshdWith(t, { config: KEY_AND_PASSWORD });
  if (!sshd) return;
  const shown = await onTerminal(sshd, /password: /, () => sshd.cut());
  assert.match(shown, new RegExp(`127.0.0.1:${sshd.port} closed the connection while root logged in`));
  assert.match(shown, new RegExp(`MaxStartups.*: journalctl -u ssh; compare ssh -v -p ${sshd.port} root@127.0.0.1`));
});

test("a host that hangs up after a key with a reason, as a machine that boots or a locked account has, is reported with it", async (t) => {
  const text = join(await temporaryDirectory(t), "text");
  await writeFile(text, "System is booting up.\n");
  const sshd = await sshdWith(t, {
    config: ["UsePAM yes"],
    pam: [`account optional pam_echo.so file=${text}`, "account required pam_deny.so"],
  });
  if (!sshd) return;
  assert.match(
    await withoutTerminal(sshd),
    /closed the connection while root logged in; it said: System is booting up\./,
  );
});

test("PreferredAuthentications chooses what is tried", async (t) => {
  const sshd = await sshdWith(t, { config: PASSWORDS });
  if (!sshd) return;
  await configure(sshd, "IdentitiesOnly yes", "IdentitiesOnly yes\n  PreferredAuthentications password");
  assert.match(await onTerminal(sshd, /password: /, `${PASSWORD}\r`), /password: \s+connected/);
});
