import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import test, { before } from "node:test";
import { ConnectionLost, Failure } from "../../../devtool/failure.ts";
import { buildAgent } from "../../rig/agent.ts";
import { needs } from "../../rig/host.ts";
import { gone } from "../../rig/processes.ts";
import { connectTo, firstLine, outcome, targetOn } from "./connected.ts";
import { ALLOWED, FORBIDDEN, missing, startSshdForUser, UID } from "./user-sshd.ts";

before(buildAgent);

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

test("a variable is among no process's words, for each user there to see, and any name may be one", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, ALLOWED);
  const connection = await connectTo(t, targetOn(sshd, { sudo: true }));
  const secret = `'${randomUUID()} $(id)\\n\t\u00e9${"x".repeat(5_000)}`;
  const env = { t: "1", d: "2", e: "3", g: "4", s: "5", SECRET: secret };
  const tty = { term: "dumb", columns: 80, rows: 24 };
  for (const how of [{ tty }, { withoutAgent: true }, {}]) {
    const script =
      "stty -onlcr; printf '%s.' $t $d $e $g $s; printf %s \"$SECRET\"; echo; read line; echo $line; kill $$";
    const process = await connection.exec(["sh", "-c", script], { asRoot: true, env, ...how });
    const seen: string[] = [];
    process.stdout.setEncoding("utf8").on("data", (text: string) => seen.push(text));
    while (!seen.join("").includes("x\n")) await once(process.stdout, "data");
    const words = await Promise.all((await readdir("/proc")).filter(Number).map(wordsOf));
    assert.deepEqual(
      words.filter((line) => line.includes(secret.slice(1, 37))),
      [],
    );
    process.stdin.write("typed\n");
    await process.exited;
    assert.match(seen.join(""), /typed\n$/);
    assert.equal(seen.join("").split("\n")[0], `1.2.3.4.5.${secret}`);
  }
});

async function wordsOf(pid: string): Promise<string> {
  return await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}

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

test("a sudo that wants a terminal is reported with what lets it run without", async (t) => {
  if (!needs(t, missing())) return;
  const sshd = await startSshdForUser(t, `Defaults requiretty\n${ALLOWED}`);
  const strict = await connectTo(t, targetOn(sshd, { sudo: true }));
  await assert.rejects(
    strict.exec(["id", "-u"], { asRoot: true }),
    (error) =>
      error instanceof Failure && /must have a tty/.test(error.message) && /!requiretty/.test(error.remedy ?? ""),
  );
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
