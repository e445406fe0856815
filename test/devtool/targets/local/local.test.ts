import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test, { before } from "node:test";
import { fileURLToPath } from "node:url";
import { Failure } from "../../../../devtool/failure.ts";
import { localTarget } from "../../../../devtool/targets/local/local.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { connectTo, firstLine, gone } from "../connected.ts";

before(buildAgent);

test("a local process on the terminal has this very terminal, and its Ctrl-C", async () => {
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
