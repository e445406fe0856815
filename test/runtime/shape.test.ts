import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  isBoolean,
  isEither,
  isListOf,
  isMapOf,
  isOneOf,
  isRecordOf,
  isText,
  isWhole,
  parseJson,
  type Shape,
} from "../../runtime/shape.ts";

const isPoint = isRecordOf({ x: isWhole }, { y: isWhole });

/** Each shape, values that have it, and values that do not. */
const CASES: readonly (readonly [string, Shape<unknown>, readonly unknown[], readonly unknown[]])[] = [
  ["a text", isText, ["", "a"], [1, null, undefined, ["a"]]],
  ["a boolean", isBoolean, [true, false], [0, "true", null]],
  ["a whole number", isWhole, [0, -1, 2 ** 53 - 1], [0.5, 2 ** 53, Number.NaN, "1", null]],
  ["one of some values", isOneOf<string | number | null>("a", 1, null), ["a", 1, null], ["b", 2, undefined]],
  ["a list", isListOf(isWhole), [[], [1, 2]], [[1, "a"], { length: 0 }, "", null]],
  ["a map", isMapOf(isWhole), [{}, { a: 1, b: 2 }], [{ a: "1" }, [1], null, 1]],
  ["one or another", isEither(isText, isWhole), ["a", 1], [true, null]],
  [
    "a record",
    isPoint,
    [{ x: 1 }, { x: 1, y: 2 }, { x: 1, later: "a field of a later version" }],
    [{}, { y: 1 }, { x: "1" }, { x: 1, y: "2" }, { x: 1, y: undefined }, null, "x", Object.create({ x: 1 })],
  ],
];

describe("a shape", () => {
  for (const [title, shape, good, bad] of CASES) {
    it(`accepts ${title} and nothing else`, () => {
      for (const value of good) assert.ok(shape(value), JSON.stringify(value));
      for (const value of bad) assert.ok(!shape(value), JSON.stringify(value));
    });
  }
});

describe("a text as JSON", () => {
  it("is its value, or undefined when it is not valid JSON", () => {
    assert.deepEqual([parseJson('{"a":[1]}'), parseJson("null")], [{ a: [1] }, null]);
    for (const text of ["", "{", "a"]) assert.equal(parseJson(text), undefined, text);
  });
});
