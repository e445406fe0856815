import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { encodePreface, FrameDecoder } from "../protocol/frame.ts";
import {
  type AgentMessage,
  type ClientMessage,
  DATA_BYTES_MAX,
  DATA_KINDS,
  decodeClientMessage,
  encode,
  WINDOW_BYTES,
} from "../protocol/messages.ts";
import { writeData } from "../protocol/write-data.ts";
import { endRun } from "../run/stream.ts";
import type { RemoteProcess } from "../targets/target.ts";

/** Carries a process for a client, as the agent does. It is ended with the connection. */
export async function carry(socket: Socket, carried: RemoteProcess, onOutput: () => void): Promise<void> {
  const send = (message: AgentMessage) => {
    if (socket.writable) socket.write(encode(message));
  };
  const end = () => void endRun(carried);
  carried.stdout.once("data", onOutput);
  carried.stderr.once("data", onOutput);
  const stdout = new Output(carried.stdout, (data) => writeData(socket, "stdout", data));
  const stderr = new Output(carried.stderr, (data) => writeData(socket, "stderr", data));
  const act = (message: ClientMessage) => {
    if (message.type === "stdin") {
      const bytes = message.data.length;
      carried.stdin.write(message.data, () => send({ type: "window", stream: "stdin", bytes }));
    } else if (message.type === "stdin-end") carried.stdin.end();
    else if (message.type === "signal") carried.kill(message.signal);
    else if (message.type === "resize") carried.resize(message);
    else if (message.type === "terminate") end();
    else if (message.type === "window" && message.stream === "stdout") stdout.grant(message.bytes);
    else if (message.type === "window" && message.stream === "stderr") stderr.grant(message.bytes);
  };
  const decoder = new FrameDecoder(DATA_KINDS);
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const frame of decoder.push(chunk)) act(decodeClientMessage(frame));
    } catch {
      socket.destroy(); // no devtool sends what can't be decoded
    }
  });
  socket.once("close", () => {
    for (const output of [stdout, stderr]) output.grant(Number.POSITIVE_INFINITY);
    end();
  });
  socket.write(Buffer.concat([encodePreface(), encode({ type: "started", pid: process.pid })]));
  try {
    const { code, signal } = await carried.exited;
    socket.end(encode(signal === null ? { type: "exit", code } : { type: "killed", signal }));
  } catch {
    socket.destroy(); // the connection to the target was lost, and so is this one
  }
}

/** Read no faster than the client returns credit. */
class Output {
  readonly #stream: Readable;
  #credit = WINDOW_BYTES;

  constructor(stream: Readable, send: (data: Buffer) => void) {
    this.#stream = stream;
    stream.on("data", (data: Buffer) => {
      for (let at = 0; at < data.length; at += DATA_BYTES_MAX) send(data.subarray(at, at + DATA_BYTES_MAX));
      this.#credit -= data.length;
      if (this.#credit <= 0) stream.pause();
    });
  }

  grant(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > 0) this.#stream.resume();
  }
}
