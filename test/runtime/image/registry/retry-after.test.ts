import assert from "node:assert/strict";
import { test } from "node:test";
import { retryAfter } from "../../../../runtime/image/registry/retry-after.ts";

test("a registry says in seconds or with a date when to ask again, and anything else says nothing", () => {
  const [past, soon] = [-60_000, 60_000].map((ms) => new Date(Date.now() + ms).toUTCString());
  assert.equal(retryAfter({ "retry-after": "0" }), 0);
  assert.equal(retryAfter({ "retry-after": "120" }), 120_000);
  assert.equal(retryAfter({ "retry-after": past }), 0);
  const until = retryAfter({ "retry-after": soon }) ?? 0;
  assert.ok(until > 50_000 && until <= 60_000, String(until));
  for (const other of ["", "-5", "1.5", "soon", "soon GMT"])
    assert.equal(retryAfter({ "retry-after": other }), undefined);
  assert.equal(retryAfter({}), undefined);
});
