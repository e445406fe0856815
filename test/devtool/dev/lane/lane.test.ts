import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { addUnsent, connect, createLane, forgetMirror, inLane, type Lane } from "../../../../devtool/dev/lane/lane.ts";
import { ConnectionLost } from "../../../../devtool/failure.ts";
import { localTarget } from "../../../../devtool/targets/local/local.ts";

const report = () => {};

interface Opened {
  readonly lane: Lane;
  /** Why connections of the lane were dropped. */
  readonly dropped: readonly string[];
}

/** A lane on this machine. */
function laneHere(t: TestContext): Opened {
  const dropped: string[] = [];
  const target = localTarget("here", { sudo: false });
  const connected = connect(target, { root: "/project", asRoot: false }, report, new AbortController().signal);
  t.after(async () => await (await connected).connection.close());
  const lane = createLane("here", {
    current: () => connected,
    drop: (_, why) => dropped.push(why.message),
  });
  return { lane, dropped };
}

test("a round starts in a lane once the older one has ended there, even an abandoned one", async (t) => {
  const { lane } = laneHere(t);
  const log: string[] = [];
  const newer = new AbortController();
  let end = () => {};
  const older = inLane(lane, { report, signal: newer.signal }, async () => {
    log.push("older begins");
    await new Promise<void>((resolve) => {
      end = resolve;
      newer.abort();
    });
    log.push("older ends");
  });
  const next = inLane(lane, { report, signal: new AbortController().signal }, async () => {
    log.push("newer begins");
  });
  newer.signal.addEventListener("abort", () => setImmediate(end));
  await Promise.all([older, next]);
  assert.deepEqual(log, ["older begins", "older ends", "newer begins"]);
});

test("a round that is abandoned before its turn does nothing in the lane", async (t) => {
  const { lane } = laneHere(t);
  const why = new Error("newer");
  const work = () => Promise.reject(new Error("the work was started"));
  await assert.rejects(inLane(lane, { report, signal: AbortSignal.abort(why) }, work), why);
  assert.equal(await inLane(lane, { report, signal: new AbortController().signal }, async () => "next"), "next");
});

test("a lost connection is dropped, unless the round had been abandoned; the failure names the target", async (t) => {
  const { lane, dropped } = laneHere(t);
  const lost = (message: string) => () => Promise.reject(new ConnectionLost(message));
  const abort = new AbortController();
  await assert.rejects(inLane(lane, { report, signal: abort.signal }, lost("no answer")), { target: "here" });
  const abandoned = inLane(lane, { report, signal: abort.signal }, async () => {
    abort.abort();
    return await lost("ended by us")();
  });
  await assert.rejects(abandoned, { message: "ended by us" });
  assert.deepEqual(dropped, ["no answer"]);
});

test("everything is unsent at first and after a new connection, and a path is listed once", (t) => {
  const { lane } = laneHere(t);
  addUnsent(lane, ["a"]);
  assert.equal(lane.unsent, "everything");
  lane.unsent = new Set();
  addUnsent(lane, ["a", "b"]);
  addUnsent(lane, ["b"]);
  assert.deepEqual(lane.unsent, new Set(["a", "b"]));
  forgetMirror(lane);
  assert.equal(lane.unsent, "everything");
});
