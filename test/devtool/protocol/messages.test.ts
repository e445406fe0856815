import assert from "node:assert/strict";
import { constants } from "node:os";
import test from "node:test";
import { encodePreface, FrameDecoder, ProtocolError } from "../../../devtool/protocol/frame.ts";
import {
  type AgentMessage,
  type ClientMessage,
  decodeAgentMessage,
  decodeClientMessage,
  encode,
} from "../../../devtool/protocol/messages.ts";
import fc from "../../rig/fast-check.ts";

/** Plain objects, as the decoder makes them. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true });
const bytes = fc.uint8Array({ maxLength: 200 }).map((data) => Buffer.from(data));
const signal = fc.constantFrom(...(Object.keys(constants.signals) as NodeJS.Signals[]));
const window = record({
  type: fc.constant("window" as const),
  stream: fc.constantFrom("stdin" as const, "stdout" as const, "stderr" as const),
  bytes: fc.nat(2 ** 32 - 1),
});
const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  record({
    type: fc.constant("request" as const),
    argv: fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 5 }),
    cwd: fc.string(),
    fixedCwd: fc.constantFrom("start", "input"),
    endsByItself: fc.boolean(),
    env: fc.dictionary(fc.string(), fc.string({ unit: "binary" }), { noNullPrototype: true }),
  }),
  record({ type: fc.constant("stdin" as const), data: bytes }),
  fc.constant({ type: "stdin-end" as const }),
  record({ type: fc.constant("resize" as const), columns: fc.nat(), rows: fc.nat() }),
  fc.constant({ type: "terminate" as const }),
  record({ type: fc.constant("signal" as const), signal }),
  window,
);
const agentMessage: fc.Arbitrary<AgentMessage> = fc.oneof(
  record({ type: fc.constant("started" as const), pid: fc.integer({ min: 1 }) }),
  record({
    type: fc.constant("started" as const),
    pid: fc.integer({ min: 1 }),
    lost: fc.constantFrom("ended" as const, "silent" as const),
  }),
  record({
    type: fc.constant("failed" as const),
    step: fc.constantFrom("chdir" as const, "exec" as const),
    errno: fc.string(),
  }),
  record({ type: fc.constantFrom("stdout" as const, "stderr" as const), data: bytes }),
  record({ type: fc.constant("exit" as const), code: fc.nat(255) }),
  record({ type: fc.constant("killed" as const), signal }),
  window,
);

function frameOf(encoded: Buffer) {
  const [frame] = new FrameDecoder().push(Buffer.concat([encodePreface(), encoded]));
  assert.ok(frame);
  return frame;
}

test("every message decodes to what was encoded", () => {
  fc.assert(
    fc.property(clientMessage, (message) => assert.deepEqual(decodeClientMessage(frameOf(encode(message))), message)),
  );
  fc.assert(
    fc.property(agentMessage, (message) => assert.deepEqual(decodeAgentMessage(frameOf(encode(message))), message)),
  );
});

test("a message that only the other side may send is refused", () => {
  assert.throws(() => decodeClientMessage(frameOf(encode({ type: "exit", code: 0 }))), ProtocolError);
  assert.throws(() => decodeAgentMessage(frameOf(encode({ type: "terminate" }))), ProtocolError);
});

test("whatever a frame contains, decoding it returns a message or throws a ProtocolError", () => {
  const anything = record({
    kind: fc.integer({ min: 0, max: 255 }),
    payload: fc.oneof(
      bytes,
      fc.json().map((json) => Buffer.from(json)),
    ),
  });
  fc.assert(
    fc.property(anything, (frame) => {
      for (const decode of [decodeClientMessage, decodeAgentMessage]) {
        try {
          assert.ok(decode(frame).type);
        } catch (error) {
          assert.ok(error instanceof ProtocolError);
        }
      }
    }),
    { numRuns: 1000 },
  );
});

const badPayloads: readonly [kind: number, payload: string][] = [
  [1, '{"argv":[],"cwd":"/","env":{}}'],
  [1, '{"argv":["a",1],"cwd":"/","env":{}}'],
  [1, '{"argv":["a"],"env":{}}'],
  [1, '{"argv":["a"],"cwd":"/","env":{"A":1}}'],
  [1, '{"argv":["a"],"cwd":"/","env":[]}'],
  [1, '{"argv":["a"],"cwd":"/","fixedCwd":1,"env":{}}'],
  [1, '{"argv":["a"],"cwd":"/","endsByItself":1,"env":{}}'],
  [3, "x"],
  [4, "1234"],
  [4, "\u0003aaaa"],
  [5, '{"signal":"SIGNOT"}'],
  [5, '{"signal":"toString"}'],
  [6, "x"],
];
for (const [kind, payload] of badPayloads) {
  test(`message kind ${kind} with payload ${JSON.stringify(payload)} is refused`, () => {
    assert.throws(() => decodeClientMessage({ kind, payload: Buffer.from(payload) }), ProtocolError);
  });
}
