import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "node:test";
import { endGroup, signalGroup } from "../../../devtool/agent/process-group.ts";

interface Group {
  readonly pgid: number;
  /** Settles once its first process has ended and been reaped. */
  readonly exited: Promise<unknown>;
}

async function start(t: { after(cleanup: () => void): void }, script: string): Promise<Group> {
  const child = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  const pgid = child.pid;
  assert.ok(pgid !== undefined);
  t.after(() => void signalGroup(pgid, "SIGKILL"));
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  return { pgid, exited };
}

test("a process group ends with every process in it, stopped ones too", async (t) => {
  const { pgid, exited } = await start(t, "sleep 1000 & sleep 1000 & echo ready; wait");
  signalGroup(pgid, "SIGSTOP");
  await endGroup(pgid);
  assert.deepEqual(await exited, [null, "SIGTERM"]);
});

test("ending a group that has already ended is not an error", async (t) => {
  const { pgid, exited } = await start(t, "echo ready");
  await exited;
  assert.equal(signalGroup(pgid, "SIGTERM"), false);
  await endGroup(pgid);
});
