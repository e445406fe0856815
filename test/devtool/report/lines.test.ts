import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { Event } from "../../../devtool/report/events.ts";
import { LineStart } from "../../../devtool/report/line-start.ts";
import { humanReport } from "../../../devtool/report/lines.ts";
import { outputEvents } from "../../../devtool/report/output.ts";
import fc from "../../rig/fast-check.ts";

function printed(events: readonly Event[]): { stdout: string; stderr: string } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const report = humanReport({ stdout, stderr, lineStart: new LineStart() });
  for (const event of events) report(event, event.event === "compiled" ? { target: "box" } : {});
  return { stdout: written(stdout), stderr: written(stderr) };
}

/** Reads all of it: up to Node.js 24 one read() returns everything that is buffered, from 26 on one chunk. */
function written(stream: PassThrough): string {
  let text = "";
  for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk);
  return text;
}

const BUNDLED: Event = { event: "bundled", files: 2, bytes: 345_678, milliseconds: 12.3 };
const SYNCED: Event = {
  event: "synced",
  mirror: "/m",
  files: 1,
  deleted: 0,
  bytesSent: 999,
  bytesTotal: 999_999,
  milliseconds: 1234,
};

test("what is sent about small files is not said to be more of less", () => {
  const synced = { event: "synced", mirror: "/m", files: 1, deleted: 0, bytesTotal: 12, milliseconds: 1 } as const;
  const { stderr } = printed([
    { ...synced, bytesSent: 340 },
    { event: "finished", milliseconds: 2 },
  ]);
  assert.match(stderr, /sent 1 file \(340 B\) in/);
});

test("a round reports what changed, and in one line what was bundled, sent, compiled and started, with times", () => {
  const { stdout, stderr } = printed([
    { event: "changed", paths: ["a"] },
    { event: "stage", stage: "bundle" },
    BUNDLED,
    SYNCED,
    { event: "compiled", step: "native", compiled: true, milliseconds: 50 },
    { event: "started", argv: ["x"], milliseconds: 99.6 },
  ]);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    "devtool: changed a\ndevtool: bundled 2 files (346 kB) in 12 ms, sent 1 file (999 B of 1.0 MB) in 1.2 s, compiled in 50 ms, started after 100 ms\n",
  );
});

test("each line of a message is devtool's, also behind the first, and its remedy's", () => {
  const message = "devtool.config.ts: run must be an array\ndevtool.config.ts: unknown key rum";
  const { stderr } = printed([{ event: "failed", code: "config-invalid", message, remedy: "see README.md" }]);
  assert.equal(
    stderr,
    "devtool: devtool.config.ts: run must be an array\ndevtool: devtool.config.ts: unknown key rum\ndevtool:   see README.md\n",
  );
});

test("a single run that a signal ended says so, except for Ctrl-C and a closed pipe", () => {
  const said = (code: number | null, signal: string | null) => printed([{ event: "exited", code, signal }]).stderr;
  assert.equal(said(null, "SIGSEGV"), "devtool: ended by SIGSEGV (segmentation fault)\n");
  assert.equal(said(null, "SIGUSR1"), "devtool: ended by SIGUSR1\n");
  for (const signal of ["SIGINT", "SIGPIPE"]) assert.equal(said(null, signal), "");
  assert.equal(said(7, null), "");
});

test("a round that fails leaves nothing to print for the next one", () => {
  const { stderr } = printed([
    BUNDLED,
    { event: "diagnostic", file: "a.c", line: 1, column: 2, severity: "error", text: "no" },
    { event: "failed", code: "build-failed", message: "a.c does not compile", remedy: "fix it" },
    { event: "finished", milliseconds: 1 },
  ]);
  assert.equal(
    stderr,
    "a.c:1:2: error: no\ndevtool: a.c does not compile\ndevtool:   fix it\ndevtool: done after 1 ms\n",
  );
});

test("a bundle that a save interrupts and that is made anew is said once, as it was made last", () => {
  const { stderr } = printed([
    { event: "changed", paths: ["a"] },
    { event: "changed", paths: ["b"] },
    { ...BUNDLED, milliseconds: 1700 },
    BUNDLED,
    { event: "finished", milliseconds: 20 },
  ]);
  assert.equal(
    stderr,
    "devtool: changed a\ndevtool: changed b\ndevtool: bundled 2 files (346 kB) in 12 ms, done after 20 ms\n",
  );
});

test("without a terminal there is no escape code, whatever is reported", () => {
  const { stdout, stderr } = printed([
    { event: "stage", stage: "connect" },
    { event: "changed", paths: null },
    { event: "exited", code: null, signal: "SIGTERM" },
    { event: "disconnected", code: "connection-lost", message: "gone", remedy: null },
    { event: "notice", text: "note" },
    { event: "log", text: "line" },
    { event: "check", where: "here", name: "x", ok: false, needed: true, found: "1", remedy: "do" },
    { event: "status", name: "mirror", value: null },
  ]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed
  assert.doesNotMatch(stdout + stderr, /[\x00-\x09\x0b-\x1f\x7f]/);
});

function bytesOf(events: readonly Event[]): Buffer {
  const pieces = events.map((event) => {
    if (event.event !== "output") return Buffer.alloc(0);
    return "data" in event ? Buffer.from(event.data) : Buffer.from(event.base64, "base64");
  });
  return Buffer.concat(pieces);
}

test("output events contain every byte, however the output was split, and text as text", async () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 }).map((s) => ({ bytes: Buffer.from(s), isText: true }));
  const raw = fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ bytes: Buffer.from(bytes), isText: false }));
  await fc.assert(
    fc.asyncProperty(fc.oneof(text, raw), fc.array(fc.nat(40), { maxLength: 6 }), async ({ bytes, isText }, cuts) => {
      const events: Event[] = [];
      const stream = outputEvents("stdout", (event) => void events.push(event));
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      for (let i = 1; i < at.length; i++) stream.write(bytes.subarray(at[i - 1], at[i]));
      await new Promise<void>((resolve) => stream.end(resolve));
      assert.deepEqual(bytesOf(events), bytes);
      if (isText) assert.ok(events.every((event) => "data" in event));
    }),
  );
});

test("of several steps of a build those that did something are named, and that there was nothing to do is said once", () => {
  const lineOf = (...steps: (readonly [step: string, compiled: boolean])[]) => {
    const stderr = new PassThrough();
    const report = humanReport({ stdout: new PassThrough(), stderr, lineStart: new LineStart() });
    for (const [step, compiled] of steps)
      report({ event: "compiled", step, compiled, milliseconds: 50 }, { target: "a" });
    report({ event: "finished", milliseconds: 99 });
    return written(stderr);
  };
  assert.equal(
    lineOf(["npm ci", true], ["lib", false], ["app", true]),
    "devtool: npm ci took 50 ms, app took 50 ms, done after 99 ms\n",
  );
  assert.equal(lineOf(["npm ci", false], ["lib", true]), "devtool: lib took 50 ms, done after 99 ms\n");
  assert.equal(lineOf(["npm ci", false], ["lib", false]), "devtool: nothing to compile, done after 99 ms\n");
});

test("of several targets each line names its own, with what was done for all of them", () => {
  const stderr = new PassThrough();
  const report = humanReport({ stdout: new PassThrough(), stderr, lineStart: new LineStart() });
  const of = (target: string) => ({ target });
  for (const target of ["a", "b"]) report({ event: "stage", stage: "connect" }, of(target));
  report({ event: "changed", paths: ["x"] });
  report(BUNDLED);
  report({ event: "compiled", step: "native", compiled: false, milliseconds: 1 }, of("b"));
  report({ event: "failed", code: "build-failed", message: "no", remedy: null }, of("a"));
  report({ event: "started", argv: ["x"], milliseconds: 2 }, of("b"));
  report({ event: "compiled", step: "native", compiled: false, milliseconds: 1 }, of("a"));
  report({ event: "finished", milliseconds: 3 });
  const bundled = "bundled 2 files (346 kB) in 12 ms, nothing to compile";
  assert.deepEqual(written(stderr).trimEnd().split("\n"), [
    "devtool: changed x",
    "devtool: a: no",
    `devtool: b: ${bundled}, started after 2 ms`,
    `devtool: a: ${bundled}`,
    "devtool: done after 3 ms",
  ]);
});

test("a message has a line of its own, also where a program has begun one; colors do not count", () => {
  const stderr = new PassThrough();
  const lineStart = new LineStart();
  const report = humanReport({ stdout: new PassThrough(), stderr, lineStart });
  const after = (output: string) => {
    lineStart.passed(Buffer.from(output));
    report({ event: "changed", paths: ["x"] });
    return written(stderr);
  };
  const [plain, broken] = ["devtool: changed x\n", "\ndevtool: changed x\n"];
  assert.deepEqual(
    ["", "done\n", "name? ", "", "50 %\r", "\x1b[31mred\n\x1b[0m", "\x1b[31mred\x1b[0m", "\x1b[0m", "é\n"].map(after),
    [plain, plain, broken, plain, broken, plain, broken, plain, plain],
  );
});
