import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Settling, STORM_PATHS } from "../../../devtool/watch/settle.ts";

interface Settled {
  readonly settling: Settling;
  readonly git: { isAtWork: boolean };
  /** What was passed on, with the time of its first path and the time when it was passed on. */
  readonly passed: { readonly since: number; readonly at: number; readonly paths: readonly string[] }[];
  tick(milliseconds: number): void;
}

function settled(t: TestContext): Settled {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const passed: Settled["passed"] = [];
  const git = { isAtWork: false };
  const pass = (paths: readonly string[], since: number) => void passed.push({ since, at: Date.now(), paths });
  const settling = new Settling(pass, () => git.isAtWork, Date.now);
  const tick = (milliseconds: number) => {
    for (let i = 0; i < milliseconds; i++) t.mock.timers.tick(1);
  };
  return { settling, git, passed, tick };
}

test("the events of one save are passed on together, 5 ms after the last", (t) => {
  const { settling, passed, tick } = settled(t);
  settling.add("a");
  tick(4);
  settling.add("b");
  settling.add("a");
  tick(4);
  assert.equal(passed.length, 0);
  tick(1);
  assert.deepEqual(passed, [{ since: 0, at: 9, paths: ["a", "b"] }]);
});

test("a file that is written all the time is passed on every 150 ms", (t) => {
  const { settling, passed, tick } = settled(t);
  for (let at = 0; at < 320; at += 4) {
    settling.add("log");
    tick(4);
  }
  assert.deepEqual(
    passed.map(({ at }) => at),
    [150, 302],
  );
});

test("very many paths wait until none has arrived for 250 ms, and at most 5 s", (t) => {
  const { settling, passed, tick } = settled(t);
  for (let i = 0; i <= STORM_PATHS; i++) settling.add(`${i}`);
  tick(249);
  assert.equal(passed.length, 0);
  tick(1);
  for (let at = 250; at < 5_300; at += 10) {
    for (let i = 0; i <= STORM_PATHS; i++) settling.add(`${i}`);
    tick(10);
  }
  assert.deepEqual(
    passed.map(({ at, paths }) => [at, paths.length]),
    [250, 5_250].map((at) => [at, STORM_PATHS + 1]),
  );
});

test("nothing is passed on after a stop", (t) => {
  const { settling, passed, tick } = settled(t);
  settling.add("a");
  settling.stop();
  tick(1_000);
  assert.equal(passed.length, 0);
});

test("what git writes is passed on together once git has ended, or writes nothing for a second", (t) => {
  const { settling, git, passed, tick } = settled(t);
  git.isAtWork = true;
  for (let at = 0; at < 600; at += 200) {
    settling.add(`${at}`);
    tick(200);
  }
  assert.equal(passed.length, 0);
  git.isAtWork = false;
  tick(10);
  assert.deepEqual(
    passed.map(({ since, paths }) => [since, paths]),
    [[0, ["0", "200", "400"]]],
  );
  git.isAtWork = true;
  settling.add("saved while git waits for an editor");
  tick(999);
  assert.equal(passed.length, 1);
  tick(10);
  assert.equal(passed.length, 2);
});
