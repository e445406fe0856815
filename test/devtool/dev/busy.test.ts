import assert from "node:assert/strict";
import { test } from "node:test";
import { nextAfter } from "../../../devtool/dev/busy.ts";
import { Controls, type OnBusy } from "../../../devtool/dev/controls.ts";

const STARTING = { hasStarted: false, isOver: false, isHolding: false };
const RUNNING = { ...STARTING, hasStarted: true };
const SAVED = { isPending: true, wantsRun: false };
const OVER = { ...RUNNING, isOver: true };

const TABLE: readonly (readonly [string, OnBusy, typeof STARTING, isPending: boolean, expected: string])[] = [
  ["a save during a round", "restart", STARTING, true, "begin the next"],
  ["a save while the program runs", "restart", RUNNING, true, "begin the next"],
  ["a save while the program runs, queued", "queue", RUNNING, true, "hold"],
  ["a save while the program runs, ignored", "ignore", RUNNING, true, "hold"],
  ["a save before the program runs, whatever follows", "queue", STARTING, true, "begin the next"],
  ["the program's end", "ignore", OVER, true, "wait for a change"],
  ["nothing new", "restart", RUNNING, false, "go on"],
];
for (const [what, onBusy, progress, isPending, expected] of TABLE) {
  test(`${what} (${onBusy}) makes the loop ${expected}`, () => {
    const controls = new Controls();
    assert.equal(nextAfter(progress, { isPending, wantsRun: false }, { onBusy, controls }), expected);
    assert.equal(nextAfter(progress, { isPending, wantsRun: true }, { onBusy, controls }), "begin the next");
  });
}

test("while it is paused the loop begins nothing, and goes on after it", async () => {
  const controls = new Controls();
  const changed = controls.changed();
  controls.togglePause();
  await changed;
  assert.equal(nextAfter(RUNNING, SAVED, { onBusy: "restart", controls }), "hold");
  controls.togglePause();
  assert.equal(nextAfter(RUNNING, SAVED, { onBusy: "restart", controls }), "begin the next");
});
