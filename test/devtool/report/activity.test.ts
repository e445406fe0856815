import assert from "node:assert/strict";
import { test } from "node:test";
import { Activity } from "../../../devtool/report/activity.ts";
import type { Event, Origin } from "../../../devtool/report/events.ts";

type At = readonly [at: number, event: Event, origin?: Origin];

/** The text at `now`, after these events. */
function textAfter(events: readonly At[], now: number): string {
  const activity = new Activity();
  for (const [at, event, origin = {}] of events) activity.take(event, origin, at);
  return activity.text(now);
}

const FIRST = { round: 1, target: "box" };
const SECOND = { round: 2, target: "box" };
const BEGAN: At = [0, { event: "changed", paths: null }, { round: 1 }];
const STARTED: At = [300, { event: "started", argv: ["sh", "a\nb"], milliseconds: 299.7 }, FIRST];
const CONNECTED = {
  kind: "local",
  platform: "linux",
  arch: "x64",
  libc: "glibc",
  node: null,
  user: "me",
  runsAs: "me",
  milliseconds: 1,
} as const;

test("in watch the line has the round, its stage with its time, the target, and what runs", () => {
  const compiling: At = [100, { event: "stage", stage: "compile" }, FIRST];
  assert.equal(textAfter([BEGAN, compiling], 340), "devtool: round 1 · compiling 240 ms · box");
  const responded: At = [320, { event: "responded", milliseconds: 320 }, FIRST];
  assert.equal(textAfter([BEGAN, compiling, STARTED], 999), "devtool: round 1 · started after 300 ms · box · sh a\\nb");
  assert.equal(
    textAfter([BEGAN, compiling, STARTED, responded], 999),
    "devtool: round 1 · first output after 320 ms · box · sh a\\nb",
  );
  const exited: At = [400, { event: "exited", code: null, signal: "SIGSEGV" }, FIRST];
  assert.equal(
    textAfter([BEGAN, STARTED, exited], 999),
    "devtool: round 1 · ended by SIGSEGV, waiting for a save · box",
  );
});

test("of several targets the line has what is done for each, once what is done for all is over", () => {
  const other = (at: number, event: Event): At => [at, event, { round: 1, target: "other" }];
  const bundling: At[] = [BEGAN, [1, { event: "stage", stage: "connect" }, FIRST]];
  bundling.push([2, { event: "connected", ...CONNECTED }, FIRST], other(3, { event: "stage", stage: "connect" }));
  bundling.push(other(4, { event: "connected", ...CONNECTED }), [5, { event: "stage", stage: "bundle" }, { round: 1 }]);
  assert.equal(textAfter(bundling, 10), "devtool: round 1 · bundling 5 ms · box · other");
  const bundled: At = [20, { event: "bundled", files: 1, bytes: 1, milliseconds: 1 }, { round: 1 }];
  const sending = other(30, { event: "stage", stage: "sync" });
  assert.equal(
    textAfter([...bundling, bundled, sending, STARTED], 40),
    "devtool: round 1 · box: started after 300 ms · other: sending 10 ms · sh a\\nb",
  );
  const lost = other(50, { event: "disconnected", code: "connection-lost", message: "", remedy: null });
  const again = other(51, { event: "stage", stage: "connect" });
  assert.match(textAfter([...bundling, bundled, lost, again], 60), /^devtool: round 1 · box · other: not connected/);
});

test("what an older round's program does meanwhile does not end a newer round's stage, and it runs on after that", () => {
  const newer: At[] = [
    [500, { event: "changed", paths: ["a"] }, { round: 2 }],
    [510, { event: "stage", stage: "bundle" }, { round: 2 }],
    [520, { event: "responded", milliseconds: 520 }, FIRST],
  ];
  const bundled: At = [570, { event: "bundled", files: 1, bytes: 1, milliseconds: 60 }, { round: 2 }];
  const bundling = [BEGAN, STARTED, ...newer];
  assert.equal(textAfter(bundling, 560), "devtool: round 2 · bundling 50 ms · box");
  const finished: At = [600, { event: "finished", milliseconds: 90 }, SECOND];
  assert.match(
    textAfter([...bundling, bundled, finished], 999),
    /^devtool: round 2 · first output after 520 ms · box · sh /,
  );
});

test("where a round fails, the line has what runs on, until that is ended", () => {
  const failed: Event = { event: "failed", code: "build-failed", message: "", remedy: null };
  const after = (event: Event, origin: Origin) => textAfter([BEGAN, STARTED, [600, event, origin]], 999);
  for (const origin of [SECOND, { round: 2 }])
    assert.equal(after(failed, origin), "devtool: round 2 · failed, waiting for a save · box · sh a\\nb");
  const ending: At = [600, { event: "stage", stage: "end" }, SECOND];
  assert.equal(textAfter([BEGAN, STARTED, ending], 840), "devtool: round 2 · ending the program 240 ms · box");
  assert.match(textAfter([BEGAN, STARTED, ending, [900, failed, SECOND]], 999), /waiting for a save · box$/);
});

test("while a target is connected to nothing is shown, for a passphrase may be asked for there", () => {
  const connecting: At = [10, { event: "stage", stage: "connect" }, { target: "box" }];
  const bundling: At = [20, { event: "stage", stage: "bundle" }, { round: 1 }];
  assert.equal(textAfter([BEGAN, connecting, bundling], 3000), "");
  const lost: At = [
    3000,
    { event: "disconnected", code: "connection-lost", message: "", remedy: null },
    { target: "box" },
  ];
  assert.equal(textAfter([BEGAN, connecting, lost], 3000), "devtool: round 1 · not connected, trying again · box");
});

test("other commands show a stage once it takes longer than a second", () => {
  const syncing: At = [0, { event: "stage", stage: "sync" }, FIRST];
  assert.equal(textAfter([syncing], 999), "");
  assert.equal(textAfter([syncing], 1200), "devtool: sending 1.2 s · box");
  assert.equal(textAfter([syncing, STARTED], 5000), "");
  const counted = { files: 812, filesTotal: 3000, bytes: 12_030_400, bytesTotal: 80_120_000 };
  const sent: At = [1000, { event: "progress", stage: "sync", ...counted }, FIRST];
  assert.equal(textAfter([syncing, sent], 1200), "devtool: sending 1.2 s, 812 of 3000 files, 12 MB of 80 MB · box");
  const installing: At = [0, { event: "stage", stage: "provision" }, FIRST];
  const unpacked: At = [1, { event: "progress", stage: "provision", percent: 35.7, text: "Unpacking gcc" }, FIRST];
  assert.equal(
    textAfter([installing, unpacked], 2000),
    "devtool: installing what is missing 2.0 s, 36 % Unpacking gcc · box",
  );
});
