import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { encodePreface, FrameDecoder } from "../../../devtool/protocol/frame.ts";
import { decodeHello, type Hello } from "../../../devtool/protocol/hello.ts";
import {
  type AgentMessage,
  type ClientMessage,
  decodeAgentMessage,
  encode,
} from "../../../devtool/protocol/messages.ts";

/** As test/rig/agent.ts builds it. */
const AGENT = join(import.meta.dirname, "../../../dist/agent.js");
const TOKEN = "0123456789abcdef";

export interface RunningAgent {
  readonly child: ChildProcess;
  readonly hello: Hello;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number | null>;
}

/** The agent is ended after the test. */
export function spawnAgent(t: TestContext, args: readonly string[], runtimeDirectory: string): ChildProcess {
  const env = { ...process.env, XDG_RUNTIME_DIR: runtimeDirectory };
  const child = spawn(process.execPath, [AGENT, TOKEN, ...args], { env, stdio: "pipe" });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin?.end();
    await once(child, "exit");
  });
  return child;
}

/** Resolves once the agent has printed its hello. */
export async function startAgent(t: TestContext, client: string, runtimeDirectory: string): Promise<RunningAgent> {
  const child = spawnAgent(t, ["login", client, "no-sudo"], runtimeDirectory);
  const exited = once(child, "exit").then(([code]) => (typeof code === "number" ? code : null));
  assert.ok(child.stdout && child.stderr);
  child.stderr.pipe(process.stderr);
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    exited.then((code) => assert.fail(`the agent ended with ${code} before its hello`)),
  ]);
  assert.ok(typeof line === "string" && line.startsWith(`${TOKEN} hello `), String(line));
  return { child, hello: decodeHello(line.slice(`${TOKEN} hello `.length)), exited };
}

/** A client's side of one connection to an agent. */
export interface Client {
  readonly socket: Socket;
  send(...messages: readonly ClientMessage[]): void;
  /** Every message until the agent closes the connection. */
  messages(): Promise<AgentMessage[]>;
  /** The next message. */
  next(): Promise<AgentMessage>;
}

export async function connectTo(t: TestContext, { hello }: RunningAgent): Promise<Client> {
  const socket = connect(hello.socket);
  socket.on("error", () => {}); // the end follows
  t.after(() => void socket.destroy());
  await once(socket, "connect");
  socket.write(encodePreface());
  const received = receive(socket);
  return {
    socket,
    send: (...messages) => void socket.write(Buffer.concat(messages.map(encode))),
    messages: async () => {
      const all: AgentMessage[] = [];
      for await (const message of received) all.push(message);
      return all;
    },
    next: async () => {
      const { value, done } = await received.next();
      assert.ok(!done, "the agent closed the connection");
      return value;
    },
  };
}

async function* receive(socket: Socket): AsyncGenerator<AgentMessage, undefined> {
  const decoder = new FrameDecoder();
  for await (const chunk of socket) {
    assert.ok(Buffer.isBuffer(chunk));
    for (const frame of decoder.push(chunk)) yield decodeAgentMessage(frame);
  }
  return undefined;
}
