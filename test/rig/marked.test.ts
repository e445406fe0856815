import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { needs } from "./host.ts";
import { LONE_THREAD, lacksLoneThread } from "./lone-thread.ts";
import { endMarked } from "./marked.ts";

test("every marked process is ended, also one whose first thread has ended, and no other", async (t) => {
  if (!needs(t, lacksLoneThread())) return;
  const start = (mark: string) => {
    const [program = "", ...words] = LONE_THREAD;
    const child = spawn(program, words, { env: { ...process.env, MARK: mark }, stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => void child.kill("SIGKILL"));
    return child;
  };
  const mark = randomUUID();
  const [ours, other] = [start(mark), start("another")];
  await Promise.all([ours, other].map(({ stdout }) => once(stdout, "data")));
  const closed = once(ours, "close");
  await endMarked(mark);
  assert.deepEqual(await closed, [null, "SIGKILL"]);
  assert.deepEqual([other.exitCode, other.signalCode], [null, null]);
});
