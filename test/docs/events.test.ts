import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { assertDocumented, EXAMPLES } from "../devtool/report/examples.ts";
import { codeTable, envelopeTable, eventSections, withoutWords } from "./reference.ts";

const PROJECT = join(import.meta.dirname, "../..");
const ENGLISH = "docs/events.md";
const CHINESE = "docs/events.zh-CN.md";

const read = (path: string) => readFileSync(join(PROJECT, path), "utf8");

/** What docs/events.md has to contain between each mark and its end, from the sources. */
function generated(): ReadonlyMap<string, string> {
  const events = ["events", "results", "diagnostic"].map((name) => read(`devtool/report/${name}.ts`)).join("");
  return new Map([
    ["envelope", envelopeTable(events)],
    ["events", eventSections(events, EXAMPLES)],
    ["devtool codes", codeTable(read("devtool/failure.ts"))],
    ["tinydocker codes", codeTable(read("runtime/failure.ts"))],
  ]);
}

function filledIn(page: string): string {
  return [...generated()].reduce((text, [mark, content]) => {
    const [begin, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
    const [at, until] = [text.indexOf(begin), text.indexOf(end)];
    assert.ok(at >= 0 && until > at, `${ENGLISH} has no place for: ${mark}`);
    return `${text.slice(0, at + begin.length)}\n\n${content}\n\n${text.slice(until)}`;
  }, page);
}

test("docs/events.md has every event, field and code with its meaning, as the sources have them", () => {
  const page = read(ENGLISH);
  const expected = filledIn(page);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(join(PROJECT, ENGLISH), expected);
  assert.equal(read(ENGLISH), expected);
});

test("every event, field and code has a comment with its meaning in the sources", () => {
  for (const [mark, content] of generated()) {
    assert.doesNotMatch(content, /\| +\|$/m, mark);
    assert.doesNotMatch(content, /\n\n\n/, mark);
  }
  const names = [...(generated().get("events") ?? "").matchAll(/^### `(\w+)`$/gm)].map(([, name]) => name);
  assert.deepEqual(names.sort(), Object.keys(EXAMPLES).sort());
});

test("the Chinese page has the same events, fields, types, examples and codes, with their meanings in Chinese", () => {
  const page = read(CHINESE);
  assert.equal(withoutWords(page), withoutWords(read(ENGLISH)));
  for (const line of page.split("\n").filter((row) => /^\| `/.test(row))) {
    assert.match(line.split(/(?<!\\)\|/).at(-2) ?? "", /\p{Script=Han}/u, line);
  }
});

test("every line of JSON in the pages is an event as it is documented", () => {
  for (const path of [ENGLISH, CHINESE]) {
    const lines = read(path).match(/^\{.*\}$/gm) ?? [];
    assert.ok(lines.length > Object.keys(EXAMPLES).length, path);
    for (const line of lines) assertDocumented(JSON.parse(line) as Record<string, unknown>);
  }
});

test("both READMEs link to the page in their language", () => {
  assert.ok(read("README.md").includes(`](${ENGLISH})`));
  assert.ok(read("README.zh-CN.md").includes(`](${CHINESE})`));
});
