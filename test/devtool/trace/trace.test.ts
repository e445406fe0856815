import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, Origin } from "../../../devtool/report/events.ts";
import { Collector } from "../../../devtool/trace/collect.ts";
import { tracePage } from "../../../devtool/trace/page.ts";
import type { RoundTrace } from "../../../devtool/trace/round.ts";
import { summarize } from "../../../devtool/trace/summary.ts";
import { timingsLine, traceText } from "../../../devtool/trace/text.ts";

type Step = readonly [at: number, event: Event, origin?: Origin];

const BUNDLED: Event = { event: "bundled", files: 1, bytes: 1, milliseconds: 1 };
const SYNCED: Event = {
  event: "synced",
  mirror: "/m",
  files: 1,
  deleted: 0,
  bytesSent: 1,
  bytesTotal: 1,
  milliseconds: 1,
};
const CONNECTED: Event = {
  event: "connected",
  kind: "ssh",
  platform: "linux",
  arch: "x64",
  libc: "glibc",
  node: "v20.19.0",
  user: "u",
  runsAs: "u",
  milliseconds: 1,
};
const STARTED: Event = { event: "started", argv: ["x"], milliseconds: 1 };
const RESPONDED: Event = { event: "responded", milliseconds: 1 };
const changed = (...paths: string[]): Event => ({ event: "changed", paths });
const stage = (name: "bundle" | "sync" | "compile" | "launch" | "connect"): Event => ({ event: "stage", stage: name });

/** The rounds of events that come at these milliseconds after the save of a round, at a time of 1000 a round. */
function rounds(steps: readonly (readonly [round: number, ...Step])[], until = 9_000): RoundTrace[] {
  const traces: RoundTrace[] = [];
  const collector = new Collector((trace) => void traces.push(trace));
  for (const [round, at, event, origin] of steps)
    collector.take(event, { round, since: round * 1000, ...origin }, round * 1000 + at);
  collector.finish(until);
  return traces;
}

const box = { target: "box" };
const WHOLE: readonly (readonly [number, ...Step])[] = [
  [1, 10, changed("src/a.ts")],
  [1, 11, stage("bundle")],
  [1, 50, BUNDLED],
  [1, 51, stage("sync"), box],
  [1, 60, SYNCED, box],
  [1, 61, stage("launch"), box],
  [1, 66, STARTED, box],
  [1, 120, RESPONDED, box],
];

test("a round's stages follow each other from the save to the first output", () => {
  const [trace, ...more] = rounds([...WHOLE, [1, 300, { event: "exited", code: 0, signal: null }, box]]);
  assert.equal(more.length, 0);
  assert.deepEqual(
    trace?.spans.map(({ stage, target, from, to }) => [stage, target, from, to]),
    [
      ["watch", null, 0, 10],
      ["bundle", null, 11, 50],
      ["sync", "box", 51, 61],
      ["launch", "box", 61, 66],
      ["output", "box", 66, 120],
    ],
  );
  assert.deepEqual([trace?.outcome, trace?.total, trace?.paths], ["output", 120, ["src/a.ts"]]);
});

test("where a command connects in its round, that is a stage, beside the bundle's, and its own start is one", () => {
  const [trace = assert.fail()] = rounds([
    [1, 10, stage("connect"), box],
    [1, 12, stage("bundle")],
    [1, 50, BUNDLED],
    [1, 70, CONNECTED, box],
    [1, 75, stage("launch"), box],
    [1, 80, RESPONDED, box],
  ]);
  assert.equal(timingsLine(trace), "timings: start 10, connect 60, bundle 38, launch 5: 80 ms");
  assert.match(traceText([trace], 110), /^connect +60 +60$/m);
});

test("a round ends as failed, silent, unchanged or abandoned where nothing is printed, and only once", () => {
  const failed: Event = { event: "failed", code: "bundle-failed", message: "", remedy: null };
  const outcomes = rounds([
    [1, 10, changed("a")],
    [1, 20, failed],
    [2, 10, changed("b")],
    [2, 20, STARTED, box],
    [2, 30, { event: "exited", code: 1, signal: null }, box],
    [2, 31, failed],
    [3, 10, changed("c")],
    [3, 20, stage("bundle")],
    [4, 10, changed("d")],
    [3, 2_000, BUNDLED],
    [4, 3_000, { event: "finished", milliseconds: 9 }, box],
    [5, 10, changed("e")],
  ]).map(({ outcome, paths }) => [paths?.[0], outcome]);
  assert.deepEqual(outcomes, [
    ["a", "failed"],
    ["b", "silent"],
    ["c", "abandoned"],
    ["d", "unchanged"],
    ["e", "abandoned"],
  ]);
});

test("each target has a round of its own, over when it is; the slowest counts as that of the save", () => {
  const slow = { target: "slow" };
  const lanes = rounds([
    ...WHOLE.slice(0, 3),
    [1, 51, stage("sync"), slow],
    ...WHOLE.slice(3),
    [1, 400, stage("launch"), slow],
    [2, 10, changed("b")],
    [2, 11, stage("bundle")],
    [2, 20, BUNDLED],
    [2, 21, stage("launch"), box],
    [1, 1100, STARTED, slow],
    [2, 30, RESPONDED, box],
    [1, 1120, RESPONDED, slow],
    [2, 150, stage("launch"), slow],
  ]);
  assert.deepEqual(
    lanes.map(({ paths, spans, outcome, total }) => [paths?.[0], spans.at(-1)?.target, outcome, total]),
    [
      ["src/a.ts", "box", "output", 120],
      ["b", "box", "output", 30],
      ["src/a.ts", "slow", "output", 1120],
      ["b", "slow", "abandoned", 7000],
    ],
  );
  assert.equal(
    timingsLine(lanes[2] ?? assert.fail()),
    "timings: watch 10, bundle 39, sync 349, launch 700, output 20: 1120 ms",
  );
  assert.deepEqual(summarize(lanes).at(-1), { stage: "total", p50: 30, p95: 1120 });
  assert.match(traceText(lanes, 100), /^2 rounds, [\s\S]*1120 {2}.*o\n/);
});

test("a connection that is made beside the rounds belongs to none", () => {
  assert.deepEqual(rounds([]), []);
  const collector = new Collector(() => assert.fail("there is no round"));
  collector.take(stage("connect"), {}, 5);
  collector.finish(6);
});

const many = Array.from({ length: 20 }, (_, index) => {
  const [trace] = rounds(
    WHOLE.map(([round, at, event, origin]) => [round, at * (index + 1), event, origin ?? {}] as const),
  );
  return { ...(trace ?? assert.fail()), saved: new Date(index).toISOString() };
});

test("the median and the 95th percentile are those of rounds that came to output", () => {
  const failed: RoundTrace = {
    saved: new Date(0).toISOString(),
    paths: null,
    spans: [],
    outcome: "failed",
    total: 1e9,
  };
  const summary = summarize([...many, failed]);
  assert.deepEqual(summary.at(-1), { stage: "total", p50: 1200, p95: 2280 });
  assert.deepEqual(summary[0], { stage: "watch", p50: 100, p95: 190 });
  assert.deepEqual(summarize([failed]), []);
});

test("where no round came to output, that is said in place of quantiles", () => {
  const [round] = many;
  assert.ok(round);
  const text = traceText([{ ...round, outcome: "silent" }], 80);
  assert.match(text, /^1 round, .*\n\nnone came to output\n\n\d\d:/);
});

test("a target's name is cut between characters", () => {
  const target = "日本🚀".repeat(4);
  const [round] = rounds(WHOLE.map(([number, at, event]) => [number, at, event, { target }] as const));
  assert.ok(round);
  assert.match(traceText([round], 80), / 日本🚀日本🚀日本🚀日 {2,}\d/);
});

test("in a terminal no line is wider than it, and each stage of the last rounds is a letter", () => {
  for (const columns of [70, 100, 200]) {
    const text = traceText(many, columns);
    for (const line of text.split("\n")) assert.ok(line.length <= columns + 1, line);
    assert.match(text, /total +1200 +2280\n/);
    assert.match(text, /w+ *b+ *s+ *l+ *o+$/m);
  }
  assert.equal(
    timingsLine(many[0] ?? assert.fail()),
    "timings: watch 10, bundle 39, sync 10, launch 5, output 54: 120 ms",
  );
});

test("the page names files as they are, and loads nothing", () => {
  const [first] = many;
  const page = tracePage("<p>", [{ ...(first ?? assert.fail()), paths: ['<script>alert("1")</script>'] }]);
  assert.doesNotMatch(page, /<script|https?:|<link|@import|url\(/);
  assert.match(page, /&lt;script&gt;alert\(&quot;1&quot;\)/);
});

test("times are those of the reader's clock", (t) => {
  const { TZ } = process.env;
  t.after(() => {
    if (TZ === undefined) delete process.env["TZ"];
    else process.env["TZ"] = TZ;
  });
  process.env["TZ"] = "Asia/Shanghai";
  const round = { ...(many[0] ?? assert.fail()), saved: "2026-03-01T20:30:40.500Z" };
  assert.match(traceText([round], 80), /^04:30:40 box/m);
  assert.match(tracePage("p", [round]), /datetime="2026-03-01T20:30:40.500Z">04:30:40</);
});
