import assert from "node:assert/strict";
import { test } from "node:test";
import { pruneFilter } from "../../../runtime/commands/prune-filter.ts";

const HOUR = 3_600_000;
const MADE = [
  { name: "old", created: Date.now() - 2 * HOUR, labels: { keep: "yes", a: "1" } },
  { name: "new", created: Date.now() - HOUR / 2, labels: { a: "2" } },
  { name: "bare", created: Date.now() - 3 * HOUR },
];
const wanted = (...filters: string[]) => {
  const isWanted = pruneFilter(filters);
  return MADE.filter(isWanted)
    .map(({ name }) => name)
    .join(" ");
};

test("what is removed is older than until, has each label, and none that is behind label!", () => {
  assert.equal(wanted(), "old new bare");
  assert.equal(wanted("until=1h"), "old bare");
  assert.equal(wanted(`until=${new Date(Date.now() - 2.5 * HOUR).toISOString()}`), "bare");
  assert.equal(wanted("label=a"), "old new");
  assert.equal(wanted("label=a=1", "label=keep"), "old");
  assert.equal(wanted("label!=keep"), "new bare");
  assert.equal(wanted("label!=keep", "label!=a=2"), "bare");
  assert.equal(wanted("label!=keep=no", "until=1h"), "old bare");
});

test("a filter that is none is refused", () => {
  for (const filter of ["until=soon", "until", "name=x", "=", "label"])
    assert.throws(() => wanted(filter), { code: "usage" }, filter);
});
