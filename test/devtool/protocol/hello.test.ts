import assert from "node:assert/strict";
import test from "node:test";
import { PROTOCOL_VERSION, ProtocolError } from "../../../devtool/protocol/frame.ts";
import {
  decodeFacts,
  decodeHello,
  decodeRootHello,
  encodeLine,
  HELLO,
  type Hello,
  ROOT,
  type RootHello,
} from "../../../devtool/protocol/hello.ts";
import fc from "../../rig/fast-check.ts";

const text = fc.string({ unit: "binary" });
const hello: fc.Arbitrary<Hello> = fc.record(
  {
    protocol: fc.constant(PROTOCOL_VERSION),
    socket: text,
    facts: fc.record(
      {
        home: text,
        user: text,
        uid: fc.nat(),
        platform: text,
        arch: text,
        libc: fc.constantFrom("glibc" as const, "musl" as const),
        libstdcxx: text,
        node: text,
      },
      { noNullPrototype: true, requiredKeys: ["home", "user", "uid", "platform", "arch", "libc", "node"] },
    ),
  },
  { noNullPrototype: true },
);
const rootHello: fc.Arbitrary<RootHello> = fc.oneof(
  text.map((socket) => ({ socket })),
  text.map((failed) => ({ failed })),
);

test("a hello and a root agent's hello are one line each, and decode to what was encoded", () => {
  fc.assert(
    fc.property(hello, rootHello, (first, second) => {
      const [helloLine, rootLine] = [encodeLine("TOKEN", HELLO, first), encodeLine("TOKEN", ROOT, second)];
      for (const line of [helloLine, rootLine]) assert.equal(line.indexOf("\n"), line.length - 1);
      assert.deepEqual(decodeHello(helloLine.slice("TOKEN hello ".length)), first);
      assert.deepEqual(decodeRootHello(rootLine.slice("TOKEN root ".length)), second);
    }),
  );
});

test("whatever a line contains, decoding it returns a greeting or throws a ProtocolError", () => {
  const almost = fc.record({ protocol: fc.constant(PROTOCOL_VERSION), socket: fc.jsonValue(), facts: fc.jsonValue() });
  const line = fc.oneof(
    text,
    fc.json(),
    almost.map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(line, (json) => {
      for (const decode of [decodeHello, decodeRootHello, decodeFacts]) {
        try {
          decode(json);
        } catch (error) {
          assert.ok(error instanceof ProtocolError, String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

const FACTS = { home: "/", user: "u", uid: 0, platform: "linux", arch: "x64", libc: "glibc", node: "v22.0.0" };
const REFUSED: readonly (readonly [json: string, message: RegExp])[] = [
  ["{", /hello is not valid JSON/],
  ["null", /hello is not an object/],
  ["7", /hello is not an object/],
  ["{}", /protocol version undefined, not 5/],
  ['{"protocol":1}', /protocol version 1, not 5/],
  ['{"protocol":{"toString":1}}', /protocol version \{"toString":1\}, not 5/],
  ['{"protocol":5,"socket":7}', /socket is not a string/],
  ['{"protocol":5,"socket":"s"}', /facts is not an object/],
  ['{"protocol":5,"socket":"s","facts":null}', /facts is not an object/],
  [
    JSON.stringify({ protocol: PROTOCOL_VERSION, socket: "s", facts: { ...FACTS, home: null } }),
    /home is not a string/,
  ],
  [JSON.stringify({ protocol: PROTOCOL_VERSION, socket: "s", facts: { ...FACTS, uid: "0" } }), /uid is not a number/],
  [JSON.stringify({ protocol: PROTOCOL_VERSION, socket: "s", facts: { ...FACTS, libc: "bionic" } }), /libc is neither/],
];
for (const [json, message] of REFUSED) {
  test(`the hello ${json} is refused with what is wrong`, () => {
    assert.throws(() => decodeHello(json), { name: "ProtocolError", message });
  });
}
