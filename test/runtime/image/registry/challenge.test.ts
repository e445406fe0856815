import assert from "node:assert/strict";
import { test } from "node:test";
import { parseChallenges } from "../../../../runtime/image/registry/challenge.ts";

test("a challenge is read with its parameters, quoted or not, and several of them", () => {
  const header =
    'Bearer realm="https://auth.example/token",service=registry,scope="repository:a/b:pull,push", Basic realm="a \\"b\\""';
  assert.deepEqual(parseChallenges(header), [
    {
      scheme: "bearer",
      parameters: { realm: "https://auth.example/token", service: "registry", scope: "repository:a/b:pull,push" },
    },
    { scheme: "basic", parameters: { realm: 'a "b"' } },
  ]);
  assert.deepEqual(parseChallenges("Negotiate"), [{ scheme: "negotiate", parameters: {} }]);
  for (const header of ["Negotiate, Basic realm=x", "Negotiate YII/a+b==, Basic realm=x"])
    assert.deepEqual(parseChallenges(header), [
      { scheme: "negotiate", parameters: {} },
      { scheme: "basic", parameters: { realm: "x" } },
    ]);
});

test("a header is read in time that grows with its length", () => {
  const begin = performance.now();
  parseChallenges(`Bearer ${' a="'.repeat(100_000)}`);
  assert.ok(performance.now() - begin < 1_000);
});
