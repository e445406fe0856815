import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { ConnectionLost, Failure } from "../../../../devtool/failure.ts";
import { homeFolder } from "../../../../devtool/process/user.ts";
import { localConnection, localTarget } from "../../../../devtool/targets/local/local.ts";
import { runOnTerminal } from "../../../../devtool/targets/local/terminal.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { gone } from "../../../rig/processes.ts";
import { lacks } from "../../rig.ts";
import { BAD_HELLOS, HELLO_WITH_ACCENTS } from "../agent-client/hello.ts";
import { connectTo, firstLine } from "../connected.ts";

before(buildAgent);

test("a local process on the terminal uses devtool's own terminal, and gets its Ctrl-C", async () => {
  const program = fileURLToPath(new URL("terminal-once.ts", import.meta.url));
  const command = `'${process.execPath}' --import tsx '${program}'`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  let shown = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (!shown.includes("ready") && (shown + text).includes("ready")) child.stdin.write("\x03");
    shown += text;
  });
  await once(child, "close");
  assert.match(shown, /tty\r\nready\r\n.*got\r\n{"code":5,"signal":null}/s);
});

test("a local process on the terminal is ended by an abort, and one that can't start is a Failure", async (t) => {
  const connection = await connectTo(t, localTarget("local", { sudo: undefined }));
  const abort = new AbortController();
  const running = connection.execOnTerminal?.(["sleep", "1000"], { signal: abort.signal });
  abort.abort();
  assert.deepEqual(await running, { code: null, signal: "SIGTERM" });
  await assert.rejects(async () => connection.execOnTerminal?.(["/no/such"]), Failure);
});

test("through sudo a command on the terminal has its variables, which are not among sudo's words, and no file stays", async (t) => {
  if (!needs(t, lacks("sudo") ?? (process.getuid?.() === 0 ? undefined : "root"))) return;
  const folder = await temporaryDirectory(t);
  const env = { TMPDIR: folder, v: "1", SECRET: `it's ${randomUUID()}\n` };
  const seen = join(folder, "seen");
  const script = 'cat /proc/[0-9]*/cmdline >"$0" 2>/dev/null; printf "%s %s" "$v" "$SECRET" >"$0.env"; exit 3';
  const exec = () => Promise.reject(new Error("nothing is to be killed"));
  const ran = runOnTerminal(["sh", "-c", script, seen], { env }, true, "local", exec);
  assert.deepEqual(await ran, { code: 3, signal: null });
  assert.equal(await readFile(`${seen}.env`, "utf8"), `1 ${env.SECRET}`);
  const [words, name] = [await readFile(seen, "utf8"), /devtool-[^/]+\/variables/];
  assert.ok(!words.includes(env.SECRET.slice(5, 41)));
  assert.match(words, name);
  assert.ok(!existsSync(join(tmpdir(), name.exec(words)?.[0] ?? "")));
});

test("local refuses tty, which is execOnTerminal's", async (t) => {
  const connection = await connectTo(t, localTarget("local", { sudo: undefined }));
  await assert.rejects(connection.exec(["true"], { tty: { term: "dumb", columns: 1, rows: 1 } }), /execOnTerminal/);
});

test("closing ends local processes too", async (t) => {
  const connection = await connectTo(t, localTarget("local", { sudo: undefined }));
  const process = await connection.exec(["sh", "-c", "sleep 1000 & echo $!; wait"]);
  const child = Number(await firstLine(process));
  await connection.close();
  await gone(child);
  assert.equal(await connection.closed, undefined);
});

test("starting a process after close is refused as a lost connection", async (t) => {
  const connection = await connectTo(t, localTarget("local", { sudo: undefined }));
  await connection.close();
  await assert.rejects(connection.exec(["true"]), ConnectionLost);
});

/** An agent that prints this after its token, and then stays until its stdin ends. */
async function fakeAgent(t: TestContext, line: string): Promise<string> {
  const path = join(await temporaryDirectory(t), "agent.mjs");
  await writeFile(
    path,
    `process.stdout.write(process.argv[2] + " " + ${JSON.stringify(line)}); process.stdin.resume();`,
  );
  return path;
}

test("a hello with a home that is not ASCII is read correctly when it arrives byte by byte", async (t) => {
  const hello = JSON.stringify(HELLO_WITH_ACCENTS);
  const path = join(await temporaryDirectory(t), "agent.mjs");
  const program = `import { writeSync } from "node:fs";
for (const byte of Buffer.from(process.argv[2] + " hello " + ${JSON.stringify(hello)} + "\\n")) writeSync(1, Buffer.of(byte));
process.stdin.resume();`;
  await writeFile(path, program);
  const connection = await localConnection(path, "never");
  t.after(() => connection.close());
  const { facts } = HELLO_WITH_ACCENTS;
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  assert.deepEqual(await connection.facts(), { ...facts, cache: `${homeFolder()}/.cache/devtool`, boot });
});

for (const [what, line, message] of BAD_HELLOS) {
  test(`a local agent's greeting that is ${what} is a Failure, and the agent is ended`, async (t) => {
    const path = await fakeAgent(t, `${line}\n`);
    await assert.rejects(localConnection(path, "never"), (error) => {
      assert.ok(error instanceof Failure, String(error));
      assert.match(error.message, /^can't start the agent on this machine: /);
      assert.match(error.message, message);
      return true;
    });
    await allGone(path);
  });
}

test("a local agent that ends before its greeting is a Failure with how it ended", async (t) => {
  const path = join(await temporaryDirectory(t), "agent.mjs");
  await writeFile(path, "process.exit(3);");
  await assert.rejects(localConnection(path, "never"), { name: "Failure", message: /it ended with exit code 3/ });
});

/** Settles once no process runs the file. */
async function allGone(path: string): Promise<void> {
  for (const pid of await readdir("/proc")) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.split("\0").includes(path)) await gone(Number(pid));
  }
}
