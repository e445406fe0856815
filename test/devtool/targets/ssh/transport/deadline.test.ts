import assert from "node:assert/strict";
import test from "node:test";
import { Deadline } from "../../../../../devtool/targets/ssh/transport/deadline.ts";

test("a deadline is paused during work, starts again in full after it, and never expires once stopped", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let fired = 0;
  const deadline = new Deadline(100, () => {
    fired++;
  });
  t.mock.timers.tick(99);
  let answer: (text: string) => void = () => {};
  const held = deadline.pauseDuring(
    new Promise<string>((resolve) => {
      answer = resolve;
    }),
  );
  t.mock.timers.tick(10_000);
  assert.equal(fired, 0);
  answer("yes");
  assert.equal(await held, "yes");
  t.mock.timers.tick(99);
  assert.equal(fired, 0);
  t.mock.timers.tick(1);
  assert.equal(fired, 1);

  const stopped = new Deadline(100, () => {
    fired++;
  });
  stopped.stop();
  await stopped.pauseDuring(Promise.resolve());
  t.mock.timers.tick(10_000);
  assert.equal(fired, 1);
});
