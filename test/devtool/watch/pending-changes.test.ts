import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingChanges } from "../../../devtool/watch/pending-changes.ts";

test("changes are collected until take(): each path once, with the time of the first", async () => {
  const pending = new PendingChanges();
  assert.ok(pending.isEmpty);
  pending.put({ paths: ["a", "b"], since: 7 });
  pending.put({ paths: ["b", "c"], since: 5 });
  await pending.arrived();
  assert.deepEqual(pending.take(), { paths: ["a", "b", "c"], since: 5 });
  assert.ok(pending.isEmpty);
});

test("a change of everything includes the named ones, before and after it", () => {
  const pending = new PendingChanges();
  for (const paths of [["a"], null, ["b"]]) pending.put({ paths, since: 1 });
  assert.equal(pending.take().paths, null);
});

test("after take(), arrived() waits for the next change", async () => {
  const pending = new PendingChanges();
  pending.put({ paths: ["a"], since: 1 });
  pending.take();
  let arrivals = 0;
  const next = pending.arrived().then(() => arrivals++);
  await Promise.resolve();
  assert.equal(arrivals, 0);
  pending.put({ paths: ["b"], since: 2 });
  await next;
  assert.deepEqual(pending.take(), { paths: ["b"], since: 2 });
});
