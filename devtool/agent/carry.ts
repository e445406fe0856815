import { once } from "node:events";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { encodePreface, FrameDecoder } from "../protocol/frame.ts";
import {
  type AgentMessage,
  type ClientMessage,
  type Command,
  DATA_KINDS,
  decodeClientMessage,
  encode,
  WINDOW_BYTES,
} from "../protocol/messages.ts";
import { writeData } from "../protocol/write-data.ts";
import { FixedDirectory } from "./fixed-directory.ts";
import { Output } from "./output.ts";
import type { PipeSource } from "./pipes.ts";
import { endGroup, signalGroup } from "./process-group.ts";
import { errnoOf, start } from "./start.ts";
import type { Preload } from "./warm/preload.ts";
import { WarmNode } from "./warm/warm-node.ts";

/** For rsync, which sleeps for 0.4 s at a signal before it ends. */
const ENDING_MS = 500;

/*
 * waiting ──prepare──▶ waiting ──request──▶ starting ──▶ running ──exit, output ended, group empty──▶ over
 *                                               └────────────failed to start───────────────────────────┘
 */
type State =
  | { readonly name: "waiting"; readonly warm?: Promise<WarmNode | undefined> }
  | { readonly name: "starting" }
  | {
      readonly name: "running";
      readonly pid: number;
      readonly stdin: Socket;
      readonly directory: FixedDirectory | undefined;
      readonly endsByItself: boolean;
      readonly stdout: Output;
      readonly stderr: Output;
    }
  | { readonly name: "over" };

/** One connection and the process that runs over it. When the connection closes, the process group is ended. */
export class CarriedProcess {
  readonly #socket: Socket;
  readonly #pipes: PipeSource;
  readonly #preload: Preload;
  readonly #decoder = new FrameDecoder(DATA_KINDS);
  #state: State = { name: "waiting" };
  /** What it has read of its stdin without credit for it. */
  #consumed = 0;
  #running: Promise<void> = Promise.resolve();
  /** The errno of why its directory is not there any more. */
  #gone: string | undefined;
  /** Aborted by `terminate`, by the connection's close and by the agent's end. */
  readonly #cancelled = new AbortController();
  /** Settles once the connection is closed and the process group is empty. */
  readonly over: Promise<void>;

  constructor(socket: Socket, pipes: PipeSource, preload: Preload) {
    this.#socket = socket;
    this.#pipes = pipes;
    this.#preload = preload;
    socket.write(encodePreface());
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    // Not events.once, which would reject on "error": "close" follows that.
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    this.over = closed.then(async () => {
      this.#discardOutput();
      this.#cancelled.abort();
      if (this.#state.name === "waiting") await (await this.#state.warm)?.end();
      await this.#running;
    });
  }

  /** Ends the process group, then the connection. */
  async end(): Promise<void> {
    if (this.#state.name === "running" && this.#state.endsByItself) {
      this.#state.stdin.end();
      await Promise.race([this.#running, delay(ENDING_MS)]);
    }
    this.#cancelled.abort();
    await this.#running;
    this.#socket.destroy();
    await this.over;
  }

  #receive(chunk: Buffer): void {
    try {
      for (const frame of this.#decoder.push(chunk)) this.#act(decodeClientMessage(frame));
    } catch {
      // Only a broken or foreign client sends what can't be decoded; its process must not run on unsupervised.
      this.#socket.destroy();
    }
  }

  #act(message: ClientMessage): void {
    const state = this.#state;
    if (message.type === "terminate") this.#cancelled.abort();
    else if (message.type === "request" && state.name === "waiting") {
      this.#state = { name: "starting" };
      this.#running = this.#run(message, state.warm).catch(() => void this.#socket.destroy());
    } else if (message.type === "prepare" && state.name === "waiting" && !state.warm) {
      this.#state = { name: "waiting", warm: WarmNode.start(message, this.#pipes, this.#preload) };
    } else if (state.name === "running") this.#handle(state, message);
    // The process may have ended while the message was in flight. A client sends nothing before `started`.
    else if (state.name !== "over") this.#socket.destroy();
  }

  #handle(state: State & { readonly name: "running" }, message: ClientMessage): void {
    if (message.type === "stdin") {
      this.#gone ??= state.directory?.whyGone();
      if (this.#gone !== undefined) {
        this.#cancelled.abort();
        return;
      }
      const returnCredit = () => this.#returnCredit(message.data.length);
      // A process that closed its stdin must not block a client that still writes.
      if (state.stdin.writable) state.stdin.write(message.data, returnCredit);
      else returnCredit();
    } else if (message.type === "stdin-end") state.stdin.end();
    else if (message.type === "signal") signalGroup(state.pid, message.signal);
    else if (message.type === "window" && message.stream !== "stdin") state[message.stream].grant(message.bytes);
  }

  /** Of its stdin, a quarter of the window at a time: a message for each piece would cost both sides as much as the piece. */
  #returnCredit(bytes: number): void {
    this.#consumed += bytes;
    if (this.#consumed < WINDOW_BYTES / 4) return;
    this.#send({ type: "window", stream: "stdin", bytes: this.#consumed });
    this.#consumed = 0;
  }

  async #run(command: Command, warm: Promise<WarmNode | undefined> | undefined): Promise<void> {
    let directory: FixedDirectory | undefined;
    try {
      directory = command.fixedCwd && new FixedDirectory(command.cwd);
    } catch (error) {
      await (await warm)?.end();
      return this.#fail("chdir", errnoOf(error));
    }
    const ahead = await (await warm)?.begin(command);
    const lost = typeof ahead === "string" ? ahead : undefined;
    const started = typeof ahead === "object" ? ahead : await start(command, this.#pipes);
    if ("failed" in started) return this.#fail(started.failed.step, started.failed.errno);
    const { pid, pipes, exited } = started;
    pipes.stdin.on("error", () => {}); // EPIPE: it no longer reads
    const stdout = new Output(pipes.stdout, (data) => writeData(this.#socket, "stdout", data));
    const stderr = new Output(pipes.stderr, (data) => writeData(this.#socket, "stderr", data));
    this.#state = {
      name: "running",
      pid,
      stdin: pipes.stdin,
      directory: command.fixedCwd === "input" ? directory : undefined,
      endsByItself: command.endsByItself === true,
      stdout,
      stderr,
    };
    this.#send(lost === undefined ? { type: "started", pid } : { type: "started", pid, lost });
    const ended = this.#endOnceCancelled(pid);

    const [code, signal] = await exited;
    pipes.stdin.destroy();
    await Promise.all([stdout.drain(), stderr.drain()]);
    // What is left of the group is ended too. To outlive it a process calls setsid, as when a terminal closes.
    await (this.#cancelled.signal.aborted ? ended : endGroup(pid));
    if (this.#gone !== undefined) return this.#fail("chdir", this.#gone);
    this.#state = { name: "over" };
    this.#socket.end(encode(signal === null ? { type: "exit", code: code ?? 0 } : { type: "killed", signal }));
  }

  #fail(step: "chdir" | "exec", errno: string): void {
    this.#state = { name: "over" };
    this.#socket.end(encode({ type: "failed", step, errno }));
  }

  async #endOnceCancelled(pid: number): Promise<void> {
    if (!this.#cancelled.signal.aborted) await once(this.#cancelled.signal, "abort");
    if (this.#state.name !== "running") return;
    for (const output of [this.#state.stdout, this.#state.stderr]) output.stopWaitingForClient();
    if (this.#socket.destroyed) this.#discardOutput();
    await endGroup(pid);
  }

  #discardOutput(): void {
    if (this.#state.name !== "running") return;
    this.#state.stdout.discard();
    this.#state.stderr.discard();
  }

  #send(message: AgentMessage): void {
    if (this.#socket.writable) this.#socket.write(encode(message));
  }
}
