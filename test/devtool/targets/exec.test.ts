import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, open as openFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import test, { after, before } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Failure } from "../../../devtool/failure.ts";
import { localTarget } from "../../../devtool/targets/local/local.ts";
import type { Connection, ExecOptions, ExitStatus } from "../../../devtool/targets/target.ts";
import { buildAgent } from "../../rig/agent.ts";
import { startSshdForOpenSsh } from "../../rig/certificate.ts";
import { temporaryDirectory } from "../../rig/host.ts";
import { gone, kill } from "../../rig/processes.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { connectTo, firstLine, outcome, targetOn } from "./connected.ts";

/** Every carrier of processes; the caller sees no difference. */
const CARRIERS = [
  "the agent",
  "a session",
  "the agent's session, where sshd forwards no sockets",
  "OpenSSH's own ssh",
  "a session of OpenSSH's own ssh",
  "the local agent",
] as const;
const open = new Map<(typeof CARRIERS)[number], Connection>();
let sshd: Sshd;
const cleanups: (() => Promise<void>)[] = [];
const scope = { after: (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup) };
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});
before(async () => {
  await buildAgent();
  sshd = await startSshd(scope);
  const refusing = await startSshd(scope, { config: ["AllowStreamLocalForwarding no"] });
  open.set("the agent", await connectTo(scope, targetOn(sshd)));
  open.set("a session", await connectTo(scope, targetOn(sshd)));
  open.set("the agent's session, where sshd forwards no sockets", await connectTo(scope, targetOn(refusing)));
  const certified = await startSshdForOpenSsh(scope);
  open.set("OpenSSH's own ssh", await connectTo(scope, targetOn(certified)));
  open.set("a session of OpenSSH's own ssh", await connectTo(scope, targetOn(certified)));
  open.set("the local agent", await connectTo(scope, localTarget("local", { sudo: undefined })));
});

for (const carrier of CARRIERS) {
  const sh = (script: string, options: ExecOptions = {}) => exec(["sh", "-c", script], options);
  const exec = (argv: readonly string[], options: ExecOptions = {}) => {
    const connection = open.get(carrier);
    assert.ok(connection);
    return connection.exec(argv, { ...options, withoutAgent: carrier.startsWith("a session") });
  };

  /** Of the signal that ended a command ssh itself tells nothing. */
  const endedBy = (signal: NodeJS.Signals): ExitStatus =>
    carrier === "a session of OpenSSH's own ssh" ? { code: 255, signal: null } : { code: null, signal };

  test(`${carrier}: stdin, both outputs and the exit code pass`, async () => {
    assert.deepEqual(await outcome(sh("cat; echo err >&2; exit 7"), "in\n"), {
      stdout: "in\n",
      stderr: "err\n",
      status: { code: 7, signal: null },
    });
  });

  test(`${carrier}: the signal that ended a process is reported`, async () => {
    assert.deepEqual((await outcome(sh("kill -KILL $$"))).status, endedBy("SIGKILL"));
  });

  test(`${carrier}: argv, cwd and env arrive unchanged, without a shell`, async (t) => {
    const cwd = join(await temporaryDirectory(t), "it's $HOME \n é");
    await mkdir(cwd);
    const argv = ["", " ", "$HOME", "`id`", "a'b\"c\\d", "*", "\n", "é日", "-n"];
    const { stdout } = await outcome(
      exec(["sh", "-c", 'printf "%s|" "$PWD" "$A" "$@"', "sh", ...argv], { cwd, env: { A: "x'\n$y" } }),
    );
    assert.equal(Buffer.from(stdout, "latin1").toString(), [cwd, "x'\n$y", ...argv, ""].join("|"));
  });

  test(`${carrier}: the default cwd is the login user's home`, async () => {
    const { home } = (await open.get(carrier)?.facts()) ?? {};
    assert.equal((await outcome(exec(["pwd"]))).stdout, `${home}\n`);
  });

  test(`${carrier}: a missing directory or command is named in the failure`, async (t) => {
    const directory = await temporaryDirectory(t);
    await writeFile(join(directory, "file"), "");
    const refused = (argv: string[], cwd: string, message: RegExp) =>
      assert.rejects(
        exec(argv, { cwd }),
        (error) => error instanceof Failure && message.test(`${error.message}: ${error.remedy}`),
      );
    await refused(["true"], join(directory, "none"), /can't enter .*none.*ENOENT.*: sync again: devtool sync/);
    await refused(["true"], join(directory, "file"), /can't enter .*file.*ENOTDIR.*: remove what has its name there/);
    await refused(["no-such-command"], directory, /has no no-such-command: install it there/);
  });

  test(`${carrier}: a script is said to miss what runs it where that is not there, and runs where it is`, async (t) => {
    const cwd = join(await temporaryDirectory(t), "it's");
    await mkdir(cwd);
    const write = (name: string, text: string) => writeFile(join(cwd, name), text, { mode: 0o755 });
    await write("crlf", "#!/bin/sh\r\necho\r\n");
    await write("none", "#!  /bin/no-such-shell -e\n");
    await write("a script", "#! /bin/sh -e\necho runs $i");
    for (const name of ["./crlf", "./none"])
      await assert.rejects(
        exec([name], { cwd }),
        (error) => error instanceof Failure && /to run it is not there/.test(error.message),
      );
    assert.equal((await outcome(exec(["./a script"], { cwd, env: { i: "on" } }))).stdout, "runs on\n");
  });

  test(`${carrier}: every byte value passes in both directions`, async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7 + (index >> 8)) & 255));
    const process = await exec(["cat"]);
    process.stdin.end(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdout) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).equals(bytes));
    assert.deepEqual(await process.exited, { code: 0, signal: null });
  });

  test(`${carrier}: 100 MB for a slow reader arrive whole, and are not held in memory`, async () => {
    const process = await exec(["head", "-c", "100000000", "/dev/zero"]);
    process.stderr.resume();
    let [bytes, chunks, rssMax] = [0, 0, 0];
    const rssBefore = globalThis.process.memoryUsage().rss;
    await pipeline(process.stdout, async (source) => {
      for await (const chunk of source) {
        bytes += chunk.length;
        // One turn of the event loop for each chunk: the connection is always ahead of this reader.
        await new Promise((resolve) => setImmediate(resolve));
        if (++chunks % 100 === 0) rssMax = Math.max(rssMax, globalThis.process.memoryUsage().rss);
      }
    });
    assert.equal(bytes, 100_000_000);
    assert.ok(rssMax - rssBefore < 64 * 1024 * 1024, `grew by ${rssMax - rssBefore} bytes`);
    assert.deepEqual(await process.exited, { code: 0, signal: null });
  });

  test(`${carrier}: 30 MB into a process that reads them slowly arrive whole`, async () => {
    const process = await exec(["sha256sum"]);
    const block = Buffer.alloc(1_000_000, "0123456789");
    const sum = createHash("sha256");
    await pipeline(function* () {
      for (let index = 0; index < 30; index++) {
        sum.update(block);
        yield block;
      }
    }, process.stdin);
    assert.equal((await outcome(process)).stdout.slice(0, 64), sum.digest("hex"));
  });

  test(`${carrier}: a signal overtakes stdin that is not read, and reaches the whole process group`, async () => {
    const process = await sh("sleep 1000 & echo $!; wait");
    const child = Number(await firstLine(process));
    process.stdin.write(Buffer.alloc(8_000_000));
    process.kill("SIGTERM");
    assert.deepEqual(await process.exited, endedBy("SIGTERM"));
    await gone(child);
  });

  test(`${carrier}: a process may trap a signal and continue`, async () => {
    const process = await sh("trap 'echo got; exit 5' INT; echo ready; read line");
    await firstLine(process);
    process.kill("SIGINT");
    assert.deepEqual(await process.exited, { code: 5, signal: null });
  });

  test(`${carrier}: aborting ends the process and what it started`, async () => {
    const abort = new AbortController();
    const process = await sh("sleep 1000 & echo $!; wait", { signal: abort.signal });
    const child = Number(await firstLine(process));
    abort.abort();
    await process.exited;
    await gone(child);
  });

  test(`${carrier}: an aborted signal starts nothing`, async () => {
    const reason = new Error("never mind");
    await assert.rejects(exec(["true"], { signal: AbortSignal.abort(reason) }), reason);
  });

  test(`${carrier}: writing to a process that has closed its stdin is not an error`, async () => {
    const process = await sh("exec <&-; echo closed; exec sleep 1000");
    await firstLine(process);
    for (let index = 0; index < 10; index++) process.stdin.write(Buffer.alloc(100_000));
    process.stdin.end();
    process.kill("SIGTERM");
    assert.deepEqual(await process.exited, endedBy("SIGTERM"));
  });

  test(`${carrier}: exited settles for a caller who reads no output`, async () => {
    const process = await sh("echo out; echo err >&2; exit 3");
    assert.deepEqual(await process.exited, { code: 3, signal: null });
  });
}

for (const carrier of ["the agent", "the local agent"] as const) {
  const exec = (argv: readonly string[], options?: ExecOptions) => {
    const connection = open.get(carrier);
    assert.ok(connection);
    return connection.exec(argv, options);
  };

  test(`${carrier}: /dev/stdin, /dev/stdout and /dev/stderr can be opened, as in any shell`, async () => {
    const { stdout, stderr } = await outcome(
      exec(["sh", "-c", "cat </dev/stdin >/dev/stdout; echo e >/dev/stderr"]),
      "in",
    );
    assert.deepEqual([stdout, stderr], ["in", "e\n"]);
  });

  test(`${carrier}: a child left behind with the output open is ended, and delays nothing`, async () => {
    const process = await exec(["sh", "-c", "sleep 1000 & echo $!"]);
    const { stdout, status } = await outcome(process);
    assert.deepEqual(status, { code: 0, signal: null });
    await gone(Number(stdout));
  });

  test(`${carrier}: a child that calls setsid and closes its output keeps running`, async () => {
    const script = "setsid sh -c 'echo $$; exec sleep 1000 >/dev/null 2>&1 </dev/null' & wait; sleep 1000";
    const process = await exec(["sh", "-c", script]);
    const pid = Number(await firstLine(process));
    process.kill("SIGTERM");
    await process.exited;
    kill(pid);
  });

  test(`${carrier}: 100 processes at once, each with its own output`, async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        outcome(exec(["sh", "-c", 'cat; exit "$1"', "sh", String(index)]), `${index}`),
      ),
    );
    assert.deepEqual(
      outcomes.map(({ stdout, status }) => [stdout, status.code]),
      outcomes.map((_, index) => [`${index}`, index]),
    );
  });
}

test("a process that ignores SIGTERM is killed after the grace", async () => {
  const connection = open.get("the agent");
  assert.ok(connection);
  const abort = new AbortController();
  const process = await connection.exec(["sh", "-c", "trap '' TERM; echo ready; exec sleep 1000"], {
    signal: abort.signal,
  });
  await firstLine(process);
  abort.abort();
  assert.deepEqual(await process.exited, { code: null, signal: "SIGKILL" });
});

test("facts are those of the target", async () => {
  for (const carrier of CARRIERS) {
    const facts = await open.get(carrier)?.facts();
    assert.equal(facts?.node, process.version);
    assert.equal(facts?.arch, process.arch);
    assert.equal(facts?.platform, "linux");
    assert.equal(facts?.uid, process.getuid?.());
  }
});

test("the agent is installed once, under a hash of its content, for the login user alone", async () => {
  const directory = join(sshd.home, ".cache/devtool");
  assert.equal((await readdir(directory)).filter((name) => /^agent-[0-9a-f]{16}\.mjs$/.test(name)).length, 1);
  assert.equal((await readdir(directory)).length, 2); // and what the login shell has in its PATH
});

test("what rc files print, to either stream, is kept out of a process's output", async (t) => {
  const noise = "echo noise; echo more noise >&2; printf unfinished";
  const noisy = await startSshd(t, { config: [`ForceCommand ${noise}; exec sh -c "$SSH_ORIGINAL_COMMAND"`] });
  const connection = await connectTo(t, targetOn(noisy));
  for (const withoutAgent of [false, true]) {
    const { stdout, stderr } = await outcome(connection.exec(["sh", "-c", "echo out; echo err >&2"], { withoutAgent }));
    assert.deepEqual([stdout, stderr], ["out\n", "err\n"]);
  }
});

for (const [transport, name] of [
  ["the library", "the agent"],
  ["OpenSSH's own ssh", "OpenSSH's own ssh"],
] as const) {
  test(`over ${transport} a terminal has its size, its type and job control, and hangs up when the process is aborted`, async () => {
    const connection = open.get(name);
    assert.ok(connection);
    const abort = new AbortController();
    const process = await connection.exec(
      ["sh", "-c", 'stty size; echo "$TERM"; test -t 0 && test -t 2 && echo tty; while read line; do stty size; done'],
      {
        tty: { term: "xterm-256color", columns: 91, rows: 33 },
        signal: abort.signal,
      },
    );
    let seen = "";
    const until = async (text: RegExp) => {
      for await (const chunk of process.stdout.iterator({ destroyOnReturn: false })) {
        seen += chunk;
        if (text.test(seen)) break;
      }
    };
    await until(/tty\r\n$/);
    assert.equal(seen, "33 91\r\nxterm-256color\r\ntty\r\n");
    process.resize({ columns: 100, rows: 50 });
    // The size may arrive after what is typed.
    while (!seen.endsWith("50 100\r\n")) {
      seen = "";
      process.stdin.write("\r");
      await until(/\d \d+\r\n$/);
    }
    abort.abort();
    assert.equal((await process.exited).code === 0, false);
  });

  test(`over ${transport} Ctrl-C typed on a terminal interrupts the process`, async () => {
    const connection = open.get(name);
    const process = await connection?.exec(["sleep", "1000"], { tty: { term: "dumb", columns: 80, rows: 24 } });
    assert.ok(process);
    process.stdout.resume();
    process.stdin.write("\x03");
    assert.notEqual((await process.exited).code, 0);
  });
}

test("more processes than sshd's MaxSessions run at once through the agent, with one session", async (t) => {
  const narrow = await startSshd(t, { config: ["MaxSessions 1"] });
  const connection = await connectTo(t, targetOn(narrow));
  const processes = await Promise.all(Array.from({ length: 12 }, () => connection.exec(["cat"])));
  for (const process of processes) process.stdin.end("x");
  for (const process of processes) assert.equal((await outcome(process)).stdout, "x");
});

test("an sshd that gives no terminal is said to, over one connection, and processes without one run", async (t) => {
  const sshd = await startSshd(t, { config: ["PermitTTY no"] });
  const connection = await connectTo(t, targetOn(sshd));
  await assert.rejects(
    connection.exec(["true"], { tty: { term: "dumb", columns: 80, rows: 24 } }),
    (error) => error instanceof Failure && error.message === "rig gives the command no terminal",
  );
  assert.equal((await sshd.connections()).length, 1);
  assert.equal((await outcome(connection.exec(["echo", "out"]))).stdout, "out\n");
});

test("a terminal beside the agent, where sshd allows one session, gets a further connection, which ends with it", async (t) => {
  const narrow = await startSshd(t, { config: ["MaxSessions 1"] });
  const connection = await connectTo(t, targetOn(narrow));
  await outcome(connection.exec(["true"]));
  const terminal = await connection.exec(["sh", "-c", "read line; echo $line"], {
    tty: { term: "dumb", columns: 80, rows: 24 },
  });
  assert.equal((await narrow.connections()).length, 2);
  const typed = outcome(terminal);
  terminal.stdin.write("typed\r");
  assert.match((await typed).stdout, /typed\r\ntyped\r\n/);
  assert.equal((await outcome(connection.exec(["echo", "out"], { withoutAgent: true }))).stdout, "out\n");
});

test("a login shell whose start-up files take long is waited for, with one notice", async (t) => {
  const directory = await temporaryDirectory(t);
  const gate = join(directory, "gate");
  execFileSync("mkfifo", [gate]);
  const slow = await startSshd(t, { config: [`ForceCommand read line <${gate}; exec sh -c "$SSH_ORIGINAL_COMMAND"`] });
  const notices: string[] = [];
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const connection = await connectTo(t, targetOn(slow, { notice: (text) => notices.push(text) }));
  const process = connection.exec(["echo", "out"]);
  const writer = await openFile(gate, "w"); // once the shell reads from it
  while (notices.length === 0) {
    t.mock.timers.tick(1);
    await nextTurn();
  }
  t.mock.timers.tick(60_000);
  t.mock.timers.reset();
  await writer.write("\n");
  await writer.close();
  assert.equal((await outcome(process)).stdout, "out\n");
  assert.deepEqual(notices, ["rig: still waiting for the login shell; do its start-up files take long?"]);
});

test("an sshd that forwards no sockets, and allows one session, carries many processes at once, as root too", async (t) => {
  const notices: string[] = [];
  const refusing = await startSshd(t, { config: ["AllowStreamLocalForwarding no", "MaxSessions 1"] });
  const connection = await connectTo(t, targetOn(refusing, { notice: (text) => notices.push(text) }));
  const processes = await Promise.all(Array.from({ length: 12 }, () => connection.exec(["cat"], { asRoot: true })));
  for (const process of processes) process.stdin.end("x");
  for (const process of processes) assert.equal((await outcome(process)).stdout, "x");
  assert.deepEqual(notices, []);
});
