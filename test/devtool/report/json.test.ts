import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Failure, onTarget } from "../../../devtool/failure.ts";
import type { Report } from "../../../devtool/report/events.ts";
import { jsonReport } from "../../../devtool/report/json.ts";
import { reportFailure, reportOf } from "../../../devtool/report/origin.ts";
import { assertDocumented } from "./examples.ts";

/** The lines that `work` reports, parsed. */
function linesOf(work: (report: Report) => void): Record<string, unknown>[] {
  const stdout = new PassThrough({ encoding: "utf8" });
  let text = "";
  stdout.on("data", (chunk: string) => {
    text += chunk;
  });
  work(jsonReport({ stdout }));
  assert.ok(text.endsWith("\n"));
  const lines = text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const line of lines) assertDocumented(line);
  return lines;
}

test("an event is one JSON object on one line, its name first and its origin next", () => {
  const [line, ...more] = linesOf((report) => report({ event: "notice", text: "two\nlines" }));
  assert.deepEqual(Object.keys(line ?? {}), ["event", "round", "target", "at", "text"]);
  assert.equal(line?.["text"], "two\nlines");
  assert.deepEqual(more, []);
});

test("an event without an origin has no round and no target, and counts from the start of the process", () => {
  const before = performance.now();
  const [line] = linesOf((report) => report({ event: "log", text: "" }));
  const { round, target, at } = line ?? {};
  assert.deepEqual([round, target], [null, null]);
  assert.ok(Number(at) >= before - 0.001 && Number(at) <= performance.now() + 0.001);
});

test("the report of a round, or of a target in it, adds the origin to each event", () => {
  const since = performance.now() - 5_000;
  const [ofRound, ofTarget] = linesOf((report) => {
    const round = reportOf(report, { round: 3, since });
    round({ event: "changed", paths: null });
    reportOf(round, { target: "box" })({ event: "stage", stage: "sync" });
  });
  assert.deepEqual([ofRound?.["round"], ofRound?.["target"]], [3, null]);
  assert.deepEqual([ofTarget?.["round"], ofTarget?.["target"]], [3, "box"]);
  const now = performance.now() - since + 0.001;
  for (const line of [ofRound, ofTarget]) assert.ok(Number(line?.["at"]) >= 5_000 && Number(line?.["at"]) <= now);
});

test("a failure is reported with its code, and with the target it happened on first", async () => {
  const failure = new Failure("it broke", { code: "sync-failed", remedy: "fix it" });
  await assert.rejects(onTarget("outer", onTarget("box", Promise.reject(failure))), failure);
  const [line] = linesOf((report) => reportFailure(failure, reportOf(report, { round: 2 })));
  assert.deepEqual(
    { ...line, at: 0 },
    {
      event: "failed",
      round: 2,
      target: "box",
      at: 0,
      code: "sync-failed",
      message: "it broke",
      remedy: "fix it",
    },
  );
});
