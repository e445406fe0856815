import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const source = `${read("runtime/api/api.ts")}${read("runtime/api/images.ts")}${/^export class Failure .*?constructor/ms.exec(read("runtime/failure.ts"))?.[0]}`;
const exported = [...source.matchAll(/^export (?:async function|interface|type|class) (\w+)/gm)].map(
  ([, name]) => name,
);
const fields = [...source.matchAll(/^ {2}(?:readonly )?(\w+)(?:\?|\(.*)?: /gm)].map(([, name]) => name);

for (const page of ["docs/api.md", "docs/api.zh-CN.md"]) {
  test(`${page} describes every function, type and field of the API`, () => {
    assert.ok(exported.length >= 11 && fields.length >= 25, "the source could be read");
    const words = new Set([...read(page).matchAll(/`[^`]*`/g)].flatMap(([code]) => code.match(/\w+/g) ?? []));
    assert.deepEqual(
      [...exported, ...fields].filter((name) => name === undefined || !words.has(name)),
      [],
    );
  });
}

test("both languages' pages have the same code and as many rows in their tables", () => {
  const [english, chinese] = [read("docs/api.md"), read("docs/api.zh-CN.md")].map((text) => ({
    code: text.match(/^```.*?^```$/gms),
    rows: [...text.matchAll(/^\| (`[^`]+`) (?:\||→)/gm)].map(([, name]) => name),
  }));
  assert.ok(english?.code?.length && english.rows.length >= 20);
  assert.deepEqual(chinese, english);
});
