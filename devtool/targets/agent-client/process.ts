import { type Duplex, Readable, Writable } from "node:stream";
import { ConnectionLost } from "../../failure.ts";
import { encodePreface, FrameDecoder } from "../../protocol/frame.ts";
import {
  type AgentMessage,
  type ClientMessage,
  DATA_BYTES_MAX,
  decodeAgentMessage,
  encode,
  WINDOW_BYTES,
} from "../../protocol/messages.ts";
import { whenTaken } from "../drained.ts";
import { startFailure } from "../errno.ts";
import type { ExitStatus, RemoteProcess } from "../target.ts";

export interface AgentCommand {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs one command over a connection to the agent, which it owns from here on. Resolves once the process runs.
 * @throws Failure when it can't be started, ConnectionLost when the connection ends before
 */
export function startThroughAgent(
  channel: Duplex,
  command: AgentCommand,
  where: string,
  signal?: AbortSignal,
): Promise<RemoteProcess> {
  return new Promise((resolve, reject) => {
    const send = (message: ClientMessage) => {
      if (channel.writable) channel.write(encode(message));
    };
    const stdin = new StandardInput(send);
    const stdout = new Output((bytes) => send({ type: "window", stream: "stdout", bytes }));
    const stderr = new Output((bytes) => send({ type: "window", stream: "stderr", bytes }));
    const exit = deferred<ExitStatus>();
    const exited = exit.promise.then((status) => whenTaken(status, stdout.stream, stderr.stream));
    exited.catch(() => {}); // also reported to whoever looks at `exited`, if anyone does

    const terminate = () => send({ type: "terminate" });
    const over = (result: ExitStatus | Error) => {
      signal?.removeEventListener("abort", terminate);
      for (const output of [stdout, stderr]) output.end();
      stdin.stream.destroy();
      if (result instanceof Error) exit.reject(result);
      else exit.resolve(result);
      reject(signal?.aborted ? signal.reason : result);
      channel.end();
      channel.destroy();
    };
    const act = (message: AgentMessage) => {
      if (message.type === "started") {
        resolve({
          stdin: stdin.stream,
          stdout: stdout.stream,
          stderr: stderr.stream,
          exited,
          kill: (name) => send({ type: "signal", signal: name }),
          resize: () => {},
        });
      } else if (message.type === "stdout") stdout.push(message.data);
      else if (message.type === "stderr") stderr.push(message.data);
      else if (message.type === "window") stdin.grant(message.bytes);
      else if (message.type === "failed") over(startFailure(command, where, message));
      else if (message.type === "exit") over({ code: message.code, signal: null });
      else over({ code: null, signal: message.signal });
    };

    const decoder = new FrameDecoder();
    const lost = () => over(new ConnectionLost(`the connection to ${where} was lost`));
    channel.on("data", (chunk: Buffer) => {
      try {
        for (const frame of decoder.push(chunk)) act(decodeAgentMessage(frame));
      } catch (error) {
        over(new ConnectionLost(`the agent on ${where} answered nonsense: ${String(error)}`, { cause: error }));
      }
    });
    channel.on("error", lost).on("end", lost).on("close", lost);
    channel.write(Buffer.concat([encodePreface(), encode({ type: "request", ...command })]));
    signal?.addEventListener("abort", terminate, { once: true });
  });
}

/** Sends no more than the agent has asked for. */
class StandardInput {
  readonly stream: Writable;
  #credit = WINDOW_BYTES;
  #held: { data: Buffer; readonly done: () => void } | undefined;
  readonly #send: (message: ClientMessage) => void;

  constructor(send: (message: ClientMessage) => void) {
    this.#send = send;
    this.stream = new Writable({
      write: (data: Buffer, _encoding, done) => {
        this.#held = { data, done };
        this.#flush();
      },
      final: (done) => {
        send({ type: "stdin-end" });
        done();
      },
    });
    this.stream.on("error", () => {});
  }

  grant(bytes: number): void {
    this.#credit += bytes;
    this.#flush();
  }

  #flush(): void {
    const held = this.#held;
    if (!held) return;
    while (held.data.length > 0 && this.#credit > 0) {
      const length = Math.min(held.data.length, this.#credit, DATA_BYTES_MAX);
      this.#send({ type: "stdin", data: held.data.subarray(0, length) });
      held.data = held.data.subarray(length);
      this.#credit -= length;
    }
    if (held.data.length > 0) return;
    this.#held = undefined;
    held.done();
  }
}

/** Tells the agent what its reader took, half a window at a time. */
class Output {
  readonly stream: Readable;
  readonly #tell: (bytes: number) => void;
  #untold = 0;
  #wanted = true;

  constructor(tell: (bytes: number) => void) {
    this.#tell = tell;
    this.stream = new Readable({
      highWaterMark: DATA_BYTES_MAX,
      read: () => {
        this.#wanted = true;
        this.#settle();
      },
    });
    this.stream.on("error", () => {});
  }

  push(data: Buffer): void {
    this.#untold += data.length;
    this.#wanted = this.stream.push(data) || this.stream.destroyed;
    this.#settle();
  }

  end(): void {
    if (!this.stream.readableEnded && !this.stream.destroyed) this.stream.push(null);
  }

  #settle(): void {
    if (!this.#wanted || this.#untold < WINDOW_BYTES / 2) return;
    this.#tell(this.#untold);
    this.#untold = 0;
  }
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
