import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import type { ProcessIdentity } from "../../../runtime/host/process.ts";
import type { Entry } from "../../../runtime/state/entry.ts";
import { appendLines, parseJournal } from "../../../runtime/state/journal.ts";
import fc from "../../rig/fast-check.ts";
import { temporaryDirectory } from "../../rig/host.ts";

const path = join(await temporaryDirectory({ after }), "journal");

const whole = { noNullPrototype: true };
const directories = fc.record(
  { kind: fc.constant("directory" as const), which: fc.constantFrom("upper" as const, "work" as const) },
  whole,
);
const processes = fc.record({ kind: fc.constant("process" as const), pid: fc.nat(), startTime: fc.string() }, whole);
const entries: fc.Arbitrary<Entry> = fc.record(
  {
    resource: fc.oneof(directories, processes),
    until: fc.constantFrom("exit" as const, "removal" as const),
    boot: fc.string(),
  },
  whole,
);
const owners = fc.record({ pid: fc.nat(), startTime: fc.string(), boot: fc.string() }, whole);

/** The bytes of a journal as they are appended. */
function written(owner: ProcessIdentity, list: readonly Entry[]): Buffer {
  const fd = openSync(path, "w");
  try {
    appendLines(fd, [{ owner }]);
    for (const entry of list) appendLines(fd, [{ entry }]);
  } finally {
    closeSync(fd);
  }
  return readFileSync(path);
}

describe("a journal", () => {
  it("is read as it was written; cut short anywhere, it contains what was written before the cut", () => {
    fc.assert(
      fc.property(owners, fc.array(entries, { maxLength: 5 }), fc.nat(), (owner, list, cut) => {
        const bytes = written(owner, list);
        assert.deepEqual(parseJournal(bytes.toString(), path), { owner, record: undefined, entries: list });
        const kept = bytes.subarray(0, cut % (bytes.length + 1)).toString();
        const lines = kept.split("\n").length - 1;
        assert.deepEqual(parseJournal(kept, path).entries, list.slice(0, Math.max(0, lines - 1)));
      }),
    );
  });

  it("of a version whose records are others is used to undo what it lists", () => {
    const entry = { resource: { kind: "directory", which: "work" }, until: "exit", boot: "b" };
    const lines = [{ record: { version: 1, name: "c", spec: {} } }, { entry }];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
    assert.deepEqual(parseJournal(text, "/j"), { owner: undefined, record: undefined, entries: [entry] });
    const damaged = JSON.stringify({ record: { version: 2, name: "c", spec: {} } });
    assert.throws(() => parseJournal(`${damaged}\n`, "/j"), /line 1 is not/);
  });

  it("with any other line is refused, with the line's number", () => {
    fc.assert(
      fc.property(fc.json(), (line) => {
        assert.throws(
          () => parseJournal(`${line.replaceAll("\n", " ")}\n`, "/locks/c"),
          (error) => error instanceof Failure && /^\/locks\/c is damaged: line 1 is not/.test(error.message),
        );
      }),
    );
  });

  it("names the first line that is damaged", () => {
    const good = JSON.stringify({
      entry: { resource: { kind: "directory", which: "work" }, until: "exit", boot: "b" },
    });
    for (const bad of [
      "",
      "owner 1 2 3",
      "null",
      good.slice(1),
      good.replace("exit", "never"),
      good.replace("directory", "planet"),
      good.replace('"work"', '"/etc"'),
    ]) {
      assert.throws(() => parseJournal(`${good}\n${bad}\n${good}\n`, "/j"), /^Failure: \/j is damaged: line 2 is not/);
    }
  });
});
