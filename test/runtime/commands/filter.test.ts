import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { filterOf, hasLabel, isNamedLike, truthOf } from "../../../runtime/commands/filter.ts";
import { matchesName, withoutTag } from "../../../runtime/image/registry/name-pattern.ts";
import fc from "../../rig/fast-check.ts";

interface Thing {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

const selected = (...filters: string[]) =>
  [
    { name: "web", labels: { a: "1", b: "" } },
    { name: "web2", labels: { a: "2" } },
    { name: "db", labels: {} },
  ]
    .filter(
      filterOf<Thing>(
        filters,
        {
          name: (value) => {
            const matches = isNamedLike(value);
            return ({ name }) => matches(name);
          },
          label: (value) => {
            const matches = hasLabel(value);
            return ({ labels }) => matches(labels);
          },
        },
        "name=TEXT or label=KEY[=VALUE]",
      ),
    )
    .map(({ name }) => name);

describe("--filter", () => {
  it("takes what all keys match, one value of each, and every label", () => {
    assert.deepEqual(selected(), ["web", "web2", "db"]);
    assert.deepEqual(selected("name=web", "name=db"), ["web", "web2", "db"]);
    assert.deepEqual(selected("name=web", "label=a"), ["web", "web2"]);
    assert.deepEqual(selected("label=a", "label=b"), ["web"]);
    assert.deepEqual(selected("label=a=2"), ["web2"]);
    assert.deepEqual(selected("label=b="), ["web"]);
  });

  it("takes a regular expression for a name, and text that is none as it is", () => {
    assert.deepEqual(selected("name=^web$"), ["web"]);
    assert.deepEqual(selected("name=^(web2|db)$"), ["web2", "db"]);
    assert.deepEqual(selected("name=("), []);
  });

  it("refuses what is no filter, with those there are", () => {
    assert.throws(() => selected("foo"), { message: '--filter takes KEY=VALUE, got "foo"', code: "usage" });
    assert.throws(() => selected("constructor=1"), { message: '--filter does not know "constructor"' });
    assert.throws(() => truthOf("dangling", "maybe", ""), { message: '--filter does not know "dangling=maybe"' });
    assert.deepEqual([truthOf("dangling", "1", ""), truthOf("dangling", "False", "")], [true, false]);
  });
});

describe("a pattern of image names", () => {
  it("is docker's: a star stands for what has no slash, and a tag may be left out", () => {
    const CASES: readonly (readonly [string, string, boolean])[] = [
      ["nginx", "nginx:alpine", true],
      ["nginx:alp*", "nginx:alpine", true],
      ["ngin?", "nginx:alpine", true],
      ["*", "nginx:alpine", true],
      ["*", "library/nginx:alpine", false],
      ["*/*", "host:5000/nginx:1", true],
      ["host:5000/nginx", "host:5000/nginx:1", true],
      ["[m-o]ginx:[^0-9]*", "nginx:alpine", true],
      ["[a-c]ginx", "nginx:alpine", false],
      ["nginx.", "nginx1:1", false],
      ["[nginx", "nginx:1", false],
      ["\\nginx", "nginx:1", true],
      ["[z-a]ginx", "nginx:1", false],
      ["[z-an]ginx", "nginx:1", true],
      ["[::1]:5000/nginx", "[::1]:5000/nginx:1", true],
    ];
    for (const [pattern, name, expected] of CASES) assert.equal(matchesName(pattern)(name), expected, pattern);
    assert.equal(withoutTag("host:5000/nginx@sha256:0"), "host:5000/nginx");
  });

  it("is never refused, and matches a name that is written as it is", () => {
    const set = fc.string({ unit: "binary-ascii", maxLength: 5 }).map((inside) => `[${inside}]`);
    fc.assert(
      fc.property(set, (pattern) => void matchesName(pattern)("n")),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii", maxLength: 20 }), (pattern) => {
        matchesName(pattern)("nginx:1");
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9._/-]{1,20}(:[a-z0-9]{1,4})?$/), (name) => matchesName(name)(name)),
    );
  });
});
