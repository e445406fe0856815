import assert from "node:assert/strict";
import { once } from "node:events";
import { type Duplex, PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import test from "node:test";
import { setImmediate } from "node:timers/promises";
import { encodeFrame, encodePreface, ProtocolError } from "../../../devtool/protocol/frame.ts";
import { Relay } from "../../../devtool/protocol/relay.ts";
import fc from "../../rig/fast-check.ts";

/** Two ends of one stream, which delivers in pieces of `size` bytes; what is opened to a path is passed to `accept`. */
function pair(accept: (connection: Duplex, path: string) => void, size = 7): Relay {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const agent = new Relay(back, accept);
  const client = new Relay(there);
  deliver(there, size, (piece) => agent.receive(piece));
  deliver(back, size, (piece) => client.receive(piece));
  return client;
}

function deliver(stream: PassThrough, size: number, to: (piece: Buffer) => void): void {
  stream.on("data", (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += size) to(chunk.subarray(at, at + size));
  });
}

test("connections over one stream carry any bytes both ways, each its own, to the end", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 64 }),
      async (contents, size) => {
        const paths: string[] = [];
        const client = pair((connection, path) => {
          paths.push(path);
          connection.pipe(connection);
        }, size);
        const echoes = contents.map(async (content, index) => {
          const connection = client.open(`/run/${index}`);
          connection.end(content);
          return await buffer(connection);
        });
        assert.deepEqual(
          await Promise.all(echoes),
          contents.map((content) => Buffer.from(content)),
        );
        assert.deepEqual(
          paths,
          contents.map((_, index) => `/run/${index}`),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test("more than one frame's bytes are sent in several", async () => {
  const client = pair((connection) => connection.pipe(connection), 100_000);
  const connection = client.open("/run/a");
  connection.end(Buffer.alloc(1_000_000, "x"));
  assert.equal((await buffer(connection)).length, 1_000_000);
});

test("a connection that one side destroys is closed on the other, and its late data is dropped", async () => {
  const accepted: Duplex[] = [];
  const client = pair((connection) => accepted.push(connection));
  for (const closesFirst of ["the client", "the agent"]) {
    const here = client.open("/run/a");
    here.write("in");
    await setImmediate();
    const there = accepted.pop();
    assert.ok(there);
    const [first, second] = closesFirst === "the client" ? [here, there] : [there, here];
    first.destroy();
    second.write("late");
    await once(second, "close");
  }
});

test("what is open when the stream ends is closed, and what is opened after it", async () => {
  const client = pair(() => {});
  const before = client.open("/run/a");
  client.close();
  await once(before, "close");
  assert.ok(client.open("/run/b").destroyed);
});

for (const [what, frame] of [
  ["a frame without a connection's number", encodeFrame(2, Buffer.of(0, 0))],
  ["an unknown frame", encodeFrame(9, Buffer.of(0, 0, 0, 1))],
  ["a connection opened from the agent's side", encodeFrame(1, Buffer.of(0, 0, 0, 1))],
] as const) {
  test(`${what} is refused`, () => {
    const client = new Relay(new PassThrough());
    client.receive(encodePreface());
    assert.throws(() => client.receive(frame), ProtocolError);
  });
}
