import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { openScreen } from "../../../devtool/report/screen.ts";

/** Whether there is a line, where standard output and standard error are terminals, or are not. */
function hasLine(env: Record<string, string>, terminals = [true, true], wanted = true): boolean {
  const [stdout, stderr] = terminals.map((isTTY) => Object.assign(new PassThrough(), { isTTY }));
  const before = process.env;
  process.env = { TERM: "xterm", ...env };
  try {
    // All that it reads of a process.
    return openScreen({ stdout, stderr } as unknown as NodeJS.Process, wanted).line !== undefined;
  } finally {
    process.env = before;
  }
}

test("there is a status line on a terminal, and none in a pipe, under NO_COLOR or TERM=dumb, or where none is wanted", () => {
  assert.equal(hasLine({}), true);
  assert.equal(hasLine({ NO_COLOR: "" }), true); // as https://no-color.org says
  assert.equal(hasLine({ NO_COLOR: "1" }), false);
  assert.equal(hasLine({ TERM: "dumb" }), false);
  assert.equal(hasLine({}, [false, true]), false);
  assert.equal(hasLine({}, [true, false]), false);
  assert.equal(hasLine({}, [true, true], false), false);
});
