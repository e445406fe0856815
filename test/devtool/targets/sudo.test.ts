import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { ConnectionLost, Failure } from "../../../devtool/failure.ts";
import { buildAgent } from "../../rig/agent.ts";
import { needs } from "../../rig/host.ts";
import { gone } from "../../rig/processes.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { connectTo, firstLine, outcome, targetOn } from "./connected.ts";

before(buildAgent);

const UID = 42_042;

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return "root, to start sshd with users of its own";
  if (spawnSync("sudo", ["-V"]).status !== 0) return "sudo";
  return spawnSync("unshare", ["--mount", "true"]).status === 0 ? undefined : "mount namespaces";
}

/**
 * An sshd whose login user is not root: /etc/passwd, /etc/shadow and /etc/sudoers.d are its own, in a mount namespace
 * that ends with it.
 */
async function startSshdForUser(t: TestContext, sudoers: string, without?: "without sudo"): Promise<Sshd> {
  const directory = await mkdtemp(join(tmpdir(), "tinydocker-sudo."));
  t.after(() => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o755);
  const home = join(directory, "home");
  for (const path of [home, join(home, "run"), join(directory, "sudoers.d")]) await mkdir(path, { mode: 0o755 });
  for (const path of [home, join(home, "run")]) await chown(path, UID, UID);
  const write = async (name: string, text: string, mode: number) => {
    await writeFile(join(directory, name), text);
    await chmod(join(directory, name), mode);
  };
  await write("passwd", `${await readFile("/etc/passwd", "utf8")}rig:x:${UID}:${UID}::${home}:/bin/sh\n`, 0o644);
  await write("shadow", `${await readFile("/etc/shadow", "utf8")}rig:*:19000:0:99999:7:::\n`, 0o600);
  await write("sudoers.d/rig", sudoers, 0o440);
  const mount = `set -e
for name in passwd shadow sudoers.d; do mount --bind "$0/$name" "/etc/$name"; done
${without ? 'mount --bind /dev/null "$(command -v sudo)"' : ""}
exec "$@"`;
  return await startSshd(t, {
    user: "rig",
    home,
    config: [`SetEnv HOME=${home} XDG_RUNTIME_DIR=${home}/run`],
    prefix: ["unshare", "--mount", "--propagation", "private", "sh", "-c", mount, directory],
  });
}

const ALLOWED = "rig ALL=(ALL) NOPASSWD: ALL\n";
const FORBIDDEN = "";

test("asRoot runs as root where sudo asks for no password, and without asRoot the login user does", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, ALLOWED);
  for (const sudo of [undefined, true]) {
    const connection = await connectTo(t, targetOn(sshd, { sudo }));
    for (const withoutAgent of [false, true]) {
      const run = async (asRoot: boolean) =>
        (
          await outcome(
            connection.exec(["sh", "-c", 'id -u; pwd; echo "$A"'], {
              asRoot,
              withoutAgent,
              cwd: sshd.home,
              env: { A: "b" },
            }),
          )
        ).stdout;
      assert.equal(await run(true), `0\n${sshd.home}\nb\n`);
      assert.equal(await run(false), `${UID}\n${sshd.home}\nb\n`);
    }
    assert.equal((await connection.facts()).uid, UID);
  }
});

test("asRoot on a terminal is root too", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, ALLOWED);
  const connection = await connectTo(t, targetOn(sshd, { sudo: true }));
  const tty = { term: "dumb", columns: 80, rows: 24 };
  const process = await connection.exec(["sh", "-c", "id -u; test -t 0 && echo tty"], { asRoot: true, tty });
  assert.equal((await outcome(process)).stdout, "0\r\ntty\r\n");
});

test("with sudo: false asRoot runs as the login user, even where sudo would work", async (t) => {
  if (!needs(t, missing())) return;
  const connection = await connectTo(t, targetOn(await startSshdForUser(t, ALLOWED), { sudo: false }));
  for (const withoutAgent of [false, true]) {
    assert.equal((await outcome(connection.exec(["id", "-u"], { asRoot: true, withoutAgent }))).stdout, `${UID}\n`);
  }
});

test("without password-less sudo, asRoot runs as the login user by default, and is a Failure with sudo: true", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, FORBIDDEN);
  const willing = await connectTo(t, targetOn(sshd));
  const strict = await connectTo(t, targetOn(sshd, { sudo: true }));
  const refused = (error: unknown) =>
    error instanceof Failure &&
    error.exitCode === 2 &&
    /no password-less sudo on rig: sudo: /.test(error.message) &&
    /NOPASSWD/.test(error.remedy ?? "");
  for (const withoutAgent of [false, true]) {
    assert.equal((await outcome(willing.exec(["id", "-u"], { asRoot: true, withoutAgent }))).stdout, `${UID}\n`);
    await assert.rejects(strict.exec(["id", "-u"], { asRoot: true, withoutAgent }), refused);
    assert.equal((await outcome(strict.exec(["id", "-u"], { withoutAgent }))).stdout, `${UID}\n`);
  }
});

test("a target without sudo runs asRoot as the login user, and reports it where sudo is required", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, ALLOWED, "without sudo");
  const willing = await connectTo(t, targetOn(sshd));
  assert.equal((await outcome(willing.exec(["id", "-u"], { asRoot: true }))).stdout, `${UID}\n`);
  const strict = await connectTo(t, targetOn(sshd, { sudo: true }));
  await assert.rejects(
    strict.exec(["id", "-u"], { asRoot: true }),
    /no password-less sudo on rig: sudo may not be run by this user/,
  );
  assert.equal((await outcome(strict.exec(["id", "-u"]))).stdout, `${UID}\n`);
});

test("root's processes get signals, and end with the connection, cut or aborted", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, ALLOWED);
  const connection = await connectTo(t, targetOn(sshd, { sudo: true }));
  const start = async (withoutAgent: boolean, signal?: AbortSignal) => {
    const process = await connection.exec(["sh", "-c", "sleep 1000 & echo $!; wait"], {
      asRoot: true,
      withoutAgent,
      ...(signal ? { signal } : {}),
    });
    return { process, child: Number(await firstLine(process)) };
  };
  for (const withoutAgent of [false, true]) {
    const signalled = await start(withoutAgent);
    signalled.process.kill("SIGTERM");
    await signalled.process.exited;
    await gone(signalled.child);
    const abort = new AbortController();
    const aborted = await start(withoutAgent, abort.signal);
    abort.abort();
    await aborted.process.exited;
    await gone(aborted.child);
  }
  const cut = await start(false);
  await sshd.cut();
  await assert.rejects(cut.process.exited, ConnectionLost);
  await gone(cut.child);
});
