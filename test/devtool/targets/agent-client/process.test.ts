import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect as openSocket, type Socket } from "node:net";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { ConnectionLost, Failure } from "../../../../devtool/failure.ts";
import { encodePreface, MAGIC, PROTOCOL_VERSION } from "../../../../devtool/protocol/frame.ts";
import { type AgentMessage, encode } from "../../../../devtool/protocol/messages.ts";
import { startThroughAgent } from "../../../../devtool/targets/agent-client/process.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

/** A connection whose other end answers the request with `bytes`, and then stays open. */
async function answering(t: TestContext, bytes: Buffer): Promise<Socket> {
  const path = join(await temporaryDirectory(t), "agent.sock");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write(bytes));
    t.after(() => void socket.destroy());
  }).listen(path);
  await once(server, "listening");
  t.after(() => void server.close());
  const socket = openSocket(path);
  await once(socket, "connect");
  return socket;
}

const COMMAND = { argv: ["true"], cwd: "/", env: {} };
const STARTED: AgentMessage = { type: "started", pid: 7 };
const sent = (...messages: AgentMessage[]) => Buffer.concat([encodePreface(), ...messages.map(encode)]);
const lost = (message: RegExp) => (error: unknown) => error instanceof ConnectionLost && message.test(error.message);

const BEFORE_START: readonly (readonly [what: string, bytes: Buffer, message: RegExp])[] = [
  ["exit", sent({ type: "exit", code: 0 }), /broke the protocol: exit before the process was started/],
  ["output", sent({ type: "stdout", data: Buffer.from("x") }), /stdout before the process was started/],
  ["bytes of another program", Buffer.from("HTTP/1.1 400 Bad Request\r\n"), /the peer is not a devtool agent/],
  ["another version", Buffer.concat([MAGIC, Buffer.of(PROTOCOL_VERSION + 1)]), /protocol version 6, not 5/],
];
for (const [what, bytes, message] of BEFORE_START) {
  test(`an agent that answers with ${what} instead of a start is a lost connection`, async (t) => {
    const channel = await answering(t, bytes);
    await assert.rejects(startThroughAgent(channel, COMMAND, "rig"), lost(message));
    assert.ok(channel.destroyed);
  });
}

test("an agent that starts a process twice is a lost connection, which exited reports", async (t) => {
  const channel = await answering(t, sent(STARTED, STARTED));
  const process = await startThroughAgent(channel, COMMAND, "rig");
  await assert.rejects(process.exited, lost(/started while the process runs/));
  assert.ok(process.stdin.destroyed);
});

test("an exit is final: what the agent sends after it changes nothing", async (t) => {
  const after = sent(STARTED, { type: "exit", code: 3 }, { type: "exit", code: 4 }, STARTED);
  const process = await startThroughAgent(await answering(t, after), COMMAND, "rig");
  assert.deepEqual(await process.exited, { code: 3, signal: null });
  process.kill("SIGTERM");
});

test("a process that can't be started is a Failure that names the command, the target and the reason", async (t) => {
  const channel = await answering(t, sent({ type: "failed", step: "exec", errno: "EACCES" }));
  await assert.rejects(
    startThroughAgent(channel, { ...COMMAND, argv: ["/bin/tool"] }, "rig"),
    (error) => error instanceof Failure && /can't start \/bin\/tool on rig: .*EACCES/.test(error.message),
  );
});

test("a start that was aborted rejects with the signal's reason when the connection ends", async (t) => {
  const channel = await answering(t, encodePreface());
  const abort = new AbortController();
  const starting = startThroughAgent(channel, COMMAND, "rig", abort.signal);
  const reason = new Error("a newer save");
  abort.abort(reason);
  channel.destroy();
  await assert.rejects(starting, reason);
});
