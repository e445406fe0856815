import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConfig, jsonSchema } from "../../../devtool/config/schema.ts";

test("a configuration in JSON may name its schema, and a target is a name or an object", () => {
  const config = { $schema: "./s.json", targets: { box: "me@box", here: { kind: "local" } } };
  const { targets } = checkConfig(config, "devtool.config.json");
  assert.deepEqual(targets, { box: { kind: "ssh", host: "me@box" }, here: { kind: "local" } });
});

test("the JSON schema has what the check accepts: a target as text, a build step as a tool's name or an object", () => {
  const { properties } = jsonSchema() as { properties: Record<string, Record<string, unknown>> };
  const kinds = (schema: unknown): readonly string[] =>
    JSON.stringify(schema).match(/"type":"(string|object|array)"/g) ?? [];
  assert.equal(kinds(properties["targets"]?.["additionalProperties"])[0], '"type":"string"');
  assert.ok(kinds(properties["build"]).includes('"type":"object"'));
  assert.deepEqual(properties["run"], { type: "array", minItems: 1, items: { type: "string", minLength: 1 } });
});

for (const [fault, config, message] of [
  ["a misspelt key", { buidl: [] }, /c\.json: unknown key buidl; did you mean build\?/],
  ["a value of another type", { run: "make" }, /c\.json: run must be an array, not the string "make"/],
  [
    "a tool that is not known",
    { build: ["ninja"] },
    /c\.json: build\[0\] must be "make" or "cmake" or "cargo" or "go"/,
  ],
  ["afterSync without a command", { afterSync: [{ changed: ["a"] }] }, /c\.json: afterSync\[0\]\.run is missing/],
] as const) {
  test(`${fault} is refused with its place`, () => {
    assert.throws(() => checkConfig(config, "c.json"), message);
  });
}
