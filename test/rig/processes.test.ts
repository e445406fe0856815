import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "./host.ts";
import { emptied, gone, kill } from "./processes.ts";

test("a process is gone once it has ended, not before", async (t) => {
  const [first, second] = ["first", "second"].map(() => spawn("cat", { stdio: ["pipe", "ignore", "inherit"] }));
  assert.ok(first?.pid && second?.pid);
  t.after(() => second.kill("SIGKILL"));
  const order: string[] = [];
  const waits = [gone(second.pid).then(() => order.push("second")), gone(first.pid).then(() => order.push("first"))];
  first.stdin.end();
  await waits[1];
  await gone(first.pid); // already reaped: at once
  second.stdin.end();
  await waits[0];
  assert.deepEqual(order, ["first", "second"]);
});

test("what is not the id of a process is an error, not a process that is gone", async () => {
  for (const pid of [Number.NaN, 0, -1, 1.5]) {
    await assert.rejects(gone(pid), /is not the id of a process/);
    assert.throws(() => kill(pid), /is not the id of a process/);
  }
});

test("a directory is emptied once its last entry is removed, and at once where there is none", async (t) => {
  const directory = await temporaryDirectory(t);
  await emptied(directory);
  for (const name of ["a", "b"]) writeFileSync(join(directory, name), "");
  let isEmptied = false;
  const waited = emptied(directory).then(() => {
    isEmptied = true;
  });
  const watcher = watch(directory);
  t.after(() => watcher.close());
  const removed = once(watcher, "change");
  rmSync(join(directory, "a"));
  await removed;
  assert.equal(isEmptied, false);
  rmSync(join(directory, "b"));
  await waited;
});
