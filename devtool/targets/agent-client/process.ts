import type { Duplex, Readable, Writable } from "node:stream";
import { ConnectionLost } from "../../failure.ts";
import { encodePreface, FrameDecoder } from "../../protocol/frame.ts";
import {
  type AgentMessage,
  type ClientMessage,
  type Command,
  DATA_KINDS,
  decodeAgentMessage,
  encode,
  type LostAhead,
} from "../../protocol/messages.ts";
import { whenDrained } from "../drained.ts";
import { startFailure } from "../start-failure.ts";
import type { ExitStatus, RemoteProcess, TerminalSize } from "../target.ts";
import { StandardInput, StandardOutput } from "./streams.ts";

/**
 * Runs one command over a connection to the agent, which the process owns from here on. Resolves once it runs.
 * @throws Failure when it can't be started, ConnectionLost when the connection ends before
 */
export function startThroughAgent(
  channel: Duplex,
  command: Command,
  where: string,
  signal?: AbortSignal,
): Promise<RemoteProcess> {
  return startAfter(encodePreface(), channel, command, where, signal);
}

/** Has the agent get the command ready; the function that is returned does what startThroughAgent() does, once. */
export function prepareThroughAgent(
  channel: Duplex,
  command: Command,
  where: string,
): (signal?: AbortSignal) => Promise<RemoteProcess> {
  channel.on("error", () => {}); // the start reports it
  channel.write(Buffer.concat([encodePreface(), encode({ type: "prepare", ...command })]));
  return (signal) => startAfter(Buffer.alloc(0), channel, command, where, signal);
}

function startAfter(
  preface: Buffer,
  channel: Duplex,
  command: Command,
  where: string,
  signal: AbortSignal | undefined,
): Promise<RemoteProcess> {
  return new Promise((resolve, reject) => {
    new AgentProcess(channel, command, where, { resolve, reject }).request(preface, signal);
  });
}

/*
 * starting ──started──▶ running ──exit, killed, failed, the connection ends, a bad message──▶ over
 *     └──────failed, the connection ends, a bad message───────────────────────────────────────┘
 */
type State =
  | {
      readonly name: "starting";
      readonly resolve: (process: RemoteProcess) => void;
      readonly reject: (error: unknown) => void;
    }
  | { readonly name: "running" }
  | { readonly name: "over" };

class AgentProcess implements RemoteProcess {
  readonly #channel: Duplex;
  readonly #command: Command;
  readonly #where: string;
  readonly #decoder = new FrameDecoder(DATA_KINDS);
  readonly #stdin = new StandardInput((message) => this.#send(message));
  readonly #stdout = new StandardOutput((bytes) => this.#send({ type: "window", stream: "stdout", bytes }));
  readonly #stderr = new StandardOutput((bytes) => this.#send({ type: "window", stream: "stderr", bytes }));
  readonly stdin: Writable = this.#stdin.stream;
  readonly stdout: Readable = this.#stdout.stream;
  readonly stderr: Readable = this.#stderr.stream;
  readonly exited: Promise<ExitStatus>;
  lost: LostAhead | undefined;
  #settleExit: (result: ExitStatus | Promise<never>) => void = () => {};
  #state: State;
  #signal: AbortSignal | undefined;

  constructor(
    channel: Duplex,
    command: Command,
    where: string,
    { resolve, reject }: Omit<State & { readonly name: "starting" }, "name">,
  ) {
    this.#channel = channel;
    this.#command = command;
    this.#where = where;
    this.#state = { name: "starting", resolve, reject };
    const exit = new Promise<ExitStatus>((settle) => {
      this.#settleExit = settle;
    });
    this.exited = exit.then((status) => whenDrained(status, this.stdout, this.stderr));
    this.exited.catch(() => {}); // a caller need not await it
  }

  request(preface: Buffer, signal: AbortSignal | undefined): void {
    const lost = () => this.#fail(new ConnectionLost(`the connection to ${this.#where} was lost`));
    this.#channel.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#channel.on("error", lost).on("end", lost).on("close", lost);
    if (this.#channel.destroyed) lost(); // while it was kept open ahead
    this.#channel.write(Buffer.concat([preface, encode({ type: "request", ...this.#command })]));
    this.#signal = signal;
    signal?.addEventListener("abort", this.#terminate, { once: true });
  }

  kill(signal: NodeJS.Signals): void {
    this.#send({ type: "signal", signal });
  }

  /** A process of the agent's has no terminal; one that a watch starts for another devtool may. */
  resize({ columns, rows }: TerminalSize): void {
    this.#send({ type: "resize", columns, rows });
  }

  readonly #terminate = () => this.#send({ type: "terminate" });

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) this.#act(decodeAgentMessage(frame));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#fail(new ConnectionLost(`the agent on ${this.#where} broke the protocol: ${problem}`, { cause: error }));
    }
  }

  #act(message: AgentMessage): void {
    const state = this.#state;
    if (state.name === "over") return;
    if (state.name === "starting") this.#begin(state, message);
    else if (message.type === "stdout") this.#stdout.push(message.data);
    else if (message.type === "stderr") this.#stderr.push(message.data);
    else if (message.type === "window") this.#stdin.grant(message.bytes);
    else if (message.type === "exit") this.#over({ code: message.code, signal: null });
    else if (message.type === "killed") this.#over({ code: null, signal: message.signal });
    else if (message.type === "failed") this.#fail(startFailure(this.#command, this.#where, message));
    else throw new Error(`${message.type} while the process runs`);
  }

  #begin({ resolve }: State & { readonly name: "starting" }, message: AgentMessage): void {
    if (message.type === "failed") this.#fail(startFailure(this.#command, this.#where, message));
    else if (message.type === "started") {
      this.#state = { name: "running" };
      this.lost = message.lost;
      resolve(this);
    } else throw new Error(`${message.type} before the process was started`);
  }

  #fail(error: Error): void {
    const state = this.#state;
    if (state.name === "over") return;
    if (state.name === "starting") state.reject(this.#signal?.aborted ? this.#signal.reason : error);
    this.#over(Promise.reject(error));
  }

  #over(result: ExitStatus | Promise<never>): void {
    this.#state = { name: "over" };
    this.#signal?.removeEventListener("abort", this.#terminate);
    this.#stdout.end();
    this.#stderr.end();
    this.stdin.destroy();
    this.#settleExit(result);
    this.#channel.end();
    this.#channel.destroy();
  }

  #send(message: ClientMessage): void {
    if (this.#channel.writable) this.#channel.write(encode(message));
  }
}
