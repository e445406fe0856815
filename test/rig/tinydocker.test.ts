import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { outcomeOf } from "./tinydocker.ts";

test("the outcome of a process that has ended, and whose end was seen, is its exit code or signal", async () => {
  for (const [script, code, signal] of [
    ["exit 3", 3, null],
    ["kill -9 $$", null, "SIGKILL"],
  ] as const) {
    const child = spawn("sh", ["-c", script]);
    child.stdout.resume();
    child.stderr.resume();
    await once(child, "close");
    assert.deepEqual(await outcomeOf(child), { code, signal, stdout: "", stderr: "" });
  }
});
