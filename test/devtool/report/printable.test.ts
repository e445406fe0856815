import assert from "node:assert/strict";
import { test } from "node:test";
import { printableJson, printableLines, printableName } from "../../../devtool/report/printable.ts";

test("what a terminal would obey is escaped; text keeps its lines and tabs, and JSON its value", () => {
  const text = "a\x1b[2J\r\n\tb\x9bc\x7f é";
  assert.equal(printableName(text), "a\\x1b[2J\\r\\n\\tb\\x9bc\\x7f é");
  assert.equal(printableLines(text), "a\\x1b[2J\\r\n\tb\\x9bc\\x7f é");
  const json = printableJson({ text });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be printed
  assert.doesNotMatch(json, /[\x00-\x1f\x7f-\x9f]/);
  assert.deepEqual(JSON.parse(json), { text });
});
