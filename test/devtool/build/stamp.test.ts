import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeStamp, difference, encodeStamp, type Stamp, withUnknown } from "../../../devtool/build/stamp.ts";
import fc from "../../rig/fast-check.ts";

const paths = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "a/b.c"));
const files = fc.array(fc.tuple(paths, fc.string({ minLength: 1 }))).map((entries) => new Map(entries));
const stamps: fc.Arbitrary<Stamp> = fc.record({ files, how: fc.string() }, { noNullPrototype: true });

function stampOf(files: Readonly<Record<string, string>>, how = "make"): Stamp {
  return { files: new Map(Object.entries(files)), how };
}

test("a stamp decodes to what was encoded, whatever its files are named", () => {
  fc.assert(
    fc.property(stamps, (stamp) => {
      assert.deepEqual(decodeStamp(encodeStamp(stamp)), stamp);
    }),
  );
});

test("any other text decodes to undefined, and never throws", () => {
  for (const text of ["", "{", "null", "3", '"a"', "[]", "{}", '{"files":{}}', '{"files":[],"how":""}']) {
    assert.equal(decodeStamp(text), undefined, text);
  }
  const shapes = fc.oneof(fc.anything(), fc.record({ files: fc.anything(), how: fc.anything() }));
  fc.assert(
    fc.property(shapes, (value) => {
      const stamp = decodeStamp(JSON.stringify(value) ?? "");
      assert.ok(stamp === undefined || [...stamp.files.values(), stamp.how].every((each) => typeof each === "string"));
    }),
  );
});

test("stamps differ by the files' contents, by removed files, and by how they are built", () => {
  const last = stampOf({ a: "1", b: "1", constructor: "1" });
  assert.equal(difference(last, stampOf({ constructor: "1", b: "1", a: "1" })), undefined);
  const { files } = stampOf({ a: "2", b: "1", c: "1", constructor: "1" });
  assert.deepEqual(difference(last, { ...last, files }), { changed: ["a", "c"], needsAll: false });
  assert.deepEqual(difference(last, stampOf({ a: "1", b: "1" })), { changed: [], needsAll: true });
  assert.deepEqual(difference(last, { ...last, how: "make all" }), { changed: [], needsAll: true });
});

test("a changed file stays changed until a build succeeds", () => {
  fc.assert(
    fc.property(stamps, stamps, (last, now) => {
      const changes = difference(last, now);
      if (!changes) return;
      const begun = withUnknown(last, changes);
      assert.deepEqual(difference(begun, now)?.changed.toSorted(), changes.changed.toSorted());
      const without = { ...last, files: new Map([...last.files].filter(([path]) => !changes.changed.includes(path))) };
      if (changes.changed.length > 0) assert.equal(difference(begun, without)?.needsAll, true, "one is removed");
    }),
  );
});
