import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { Diagnostic } from "../../../devtool/report/diagnostic.ts";
import { type Format, openOutput } from "../../../devtool/report/format.ts";
import { LineStart } from "../../../devtool/report/line-start.ts";

const FOUND: readonly Diagnostic[] = [
  { file: "src/a b.c", line: 3, column: 5, severity: "error", text: "100% wrong,\nagain" },
  { file: "src/a.h", line: 1, column: 1, severity: "note", text: "declared here" },
  { file: "", line: 0, column: 0, severity: "warning", text: "no place: at all" },
  { file: "/usr/include/a.h", line: 2, column: 1, severity: "warning", text: "system" },
];

/** What these diagnostics of each target and a failure print on standard output. */
function printed(format: Format, targets: readonly string[] = ["box"]): string {
  const [stdout, stderr] = [new PassThrough({ encoding: "utf8" }), new PassThrough()];
  const { report, finish } = openOutput(format, { stdout, stderr, lineStart: new LineStart() });
  for (const diagnostic of FOUND) {
    for (const target of targets) report({ event: "diagnostic", ...diagnostic }, { round: 1, target });
  }
  report({ event: "failed", code: "build-failed", message: "native does not compile", remedy: null });
  finish();
  return String(stdout.read() ?? "");
}

test("--format github annotates places, and a message's line ends, percent signs, colons and commas are escaped", () => {
  assert.equal(
    printed("github"),
    [
      "::error file=src/a b.c,line=3,col=5::100%25 wrong,%0Aagain",
      "::notice file=src/a.h,line=1,col=1::declared here",
      "::warning::no place: at all",
      "::warning file=/usr/include/a.h,line=2,col=1::system",
      "::error::native does not compile",
      "",
    ].join("\n"),
  );
});

test("--format sarif is one document of SARIF 2.1.0, a note related to the result before it", () => {
  const document = JSON.parse(printed("sarif"));
  assert.equal(document.version, "2.1.0");
  const [run] = document.runs;
  assert.equal(run.tool.driver.name, "devtool");
  const place = (uri: string, startLine: number, startColumn: number, base: object = { uriBaseId: "%SRCROOT%" }) => ({
    physicalLocation: { artifactLocation: { uri, ...base }, region: { startLine, startColumn } },
  });
  assert.deepEqual(run.results, [
    {
      level: "error",
      message: { text: "100% wrong,\nagain" },
      locations: [place("src/a%20b.c", 3, 5)],
      relatedLocations: [{ ...place("src/a.h", 1, 1), message: { text: "declared here" } }],
    },
    { level: "warning", message: { text: "no place: at all" }, locations: [], relatedLocations: [] },
    {
      level: "warning",
      message: { text: "system" },
      locations: [place("file:///usr/include/a.h", 2, 1, {})],
      relatedLocations: [],
    },
  ]);
});

test("a diagnostic that several targets have is in a document or annotated once, with its notes", () => {
  for (const format of ["sarif", "github"] as const) {
    assert.equal(printed(format, ["debian13", "debian12"]), printed(format), format);
  }
});

test("--format human prints nothing but messages, on standard error", () => {
  assert.equal(printed("human"), "");
});
