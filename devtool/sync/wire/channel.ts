import type { Readable, Writable } from "node:stream";
import { Demultiplexer, MESSAGE, type Message, multiplex } from "./multiplex.ts";
import { ByteWriter, decodeVarlong, followingBytes, type Parse, varint } from "./wire.ts";

/** The stream ended in the middle of the conversation: the exit status says why. */
export class StreamEnded extends Error {
  constructor() {
    super("the stream ended before the conversation did");
  }
}

/**
 * Input that may be queued before the other side is made to wait. More than rsync requests while one turn's file lists
 * are sent, since it stops reading those when its requests are not read.
 */
const QUEUED_BYTES_MAX = 32 * 1024 * 1024;
/** Output is collected up to this size and sent as one frame: with a small file more it is still one message to the agent. */
const FRAME_BYTES = 60 * 1024;

/**
 * Both directions of a conversation with `rsync --server`. What is collected in `out` is sent before any wait for
 * input.
 */
export class Channel {
  readonly out = new ByteWriter();
  bytesSent = 0;
  bytesReceived = 0;
  readonly #stdin: Writable;
  readonly #stdout: Readable;
  readonly #demultiplexer: Demultiplexer;
  #queue: Buffer[] = [];
  /** How much of the first of them has been read. */
  #at = 0;
  #queued = 0;
  #framing: "plain" | "multiplexed" | "abandoned" = "plain";
  /** Why no more input will come. */
  #ended: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(streams: { stdin: Writable; stdout: Readable }, onMessage: (message: Message) => void) {
    this.#stdin = streams.stdin;
    this.#stdout = streams.stdout;
    const message = (received: Message) => {
      onMessage(received);
      this.#awake();
    };
    this.#demultiplexer = new Demultiplexer({ data: (piece) => this.#enqueue(piece), message });
    this.#stdout.on("data", (chunk: Buffer) => {
      this.bytesReceived += chunk.length;
      this.#receive(chunk);
    });
    for (const event of ["end", "close", "error"]) this.#stdout.on(event, () => this.#end(new StreamEnded()));
    for (const event of ["close", "error"]) this.#stdin.on(event, () => this.#awake());
    this.#stdin.on("drain", () => this.#awake());
  }

  /** Both directions carry frames from here on; rsync/io.c:io_start_multiplex_in. */
  startMultiplexing(): void {
    this.#framing = "multiplexed";
    const early = this.unread();
    this.#empty();
    this.#receive(early);
  }

  /** Whether what was collected fills a frame. */
  get isFull(): boolean {
    return this.out.length >= FRAME_BYTES;
  }

  /** Sends what was collected, and waits while the other side is behind. @throws StreamEnded where that has ended */
  async flush(): Promise<void> {
    if (this.out.length === 0) return;
    this.#throwIfOver();
    this.#send(MESSAGE.data, this.out.take());
    while (this.#stdin.writableNeedDrain) {
      this.#throwIfOver();
      await this.#change();
    }
  }

  #throwIfOver(): void {
    if (this.#ended !== undefined || this.#stdin.destroyed) throw this.#ended ?? new StreamEnded();
  }

  /** Sends a message that isn't data, after what was collected before it. */
  message(kind: number, value: number): void {
    if (this.out.length > 0) this.#send(MESSAGE.data, this.out.take());
    const payload = Buffer.allocUnsafe(4);
    payload.writeInt32LE(value);
    this.#send(kind, payload);
  }

  #send(kind: number, bytes: Buffer): void {
    const stream = this.#framing === "multiplexed" ? multiplex(kind, bytes) : bytes;
    this.#stdin.write(stream);
    this.bytesSent += stream.length;
  }

  end(): void {
    this.#stdin.end();
  }

  /** Discards the data from now on, and ends the input; messages are still handled. */
  abandon(): void {
    this.#empty();
    this.#framing = "abandoned";
    this.#end(new StreamEnded());
    this.#stdout.resume();
    this.#stdin.end();
  }

  hasInput(): boolean {
    return this.#queued > 0;
  }

  /** What was received and not read yet. */
  unread(): Buffer {
    const [head, ...rest] = this.#queue;
    return head === undefined ? Buffer.alloc(0) : Buffer.concat([head.subarray(this.#at), ...rest]);
  }

  /** Waits only where bytes are missing: a promise for each number takes longer than what is done with it. */
  async parse<T>(parse: Parse<T>): Promise<T> {
    let step = parse.next();
    while (step.done !== true) {
      if (this.#queued < step.value) await this.#fill(step.value);
      step = parse.next(this.#take(step.value));
    }
    return step.value;
  }

  async byte(): Promise<number> {
    return (await this.bytes(1))[0] ?? 0;
  }

  async int32(): Promise<number> {
    return (await this.bytes(4)).readInt32LE(0);
  }

  varint(): Promise<number> {
    return this.parse(varint());
  }

  /** An integer of at least `least` bytes. */
  async varlong(least: number): Promise<number> {
    const first = await this.byte();
    return decodeVarlong(first, await this.bytes(least - 1 + followingBytes(first)), least);
  }

  /** Waits for input, or until a message has made `isDone` true. */
  async inputUnless(isDone: () => boolean): Promise<void> {
    await this.flush();
    while (this.#queued === 0 && !isDone()) {
      if (this.#ended !== undefined) throw this.#ended;
      this.#stdout.resume();
      await this.#change();
    }
  }

  /** Exactly `length` bytes. */
  async bytes(length: number): Promise<Buffer> {
    if (this.#queued < length) await this.#fill(length);
    return this.#take(length);
  }

  async #fill(length: number): Promise<void> {
    await this.flush();
    while (this.#queued < length) {
      if (this.#ended !== undefined) throw this.#ended;
      this.#stdout.resume();
      await this.#change();
    }
  }

  /** As many are there. */
  #take(length: number): Buffer {
    const [first] = this.#queue;
    const head = first !== undefined && first.length - this.#at >= length ? first : this.#join();
    const start = this.#at;
    this.#at += length;
    this.#queued -= length;
    if (this.#at === head.length) {
      this.#queue.shift();
      this.#at = 0;
    }
    return head.subarray(start, start + length);
  }

  #join(): Buffer {
    const all = this.unread();
    this.#queue = [all];
    this.#at = 0;
    return all;
  }

  #empty(): void {
    this.#queue = [];
    this.#at = 0;
    this.#queued = 0;
  }

  #receive(chunk: Buffer): void {
    if (this.#framing === "plain") {
      this.#enqueue(chunk);
      return;
    }
    try {
      this.#demultiplexer.push(chunk);
    } catch (error) {
      this.#end(error instanceof Error ? error : new StreamEnded());
    }
  }

  #enqueue(piece: Buffer): void {
    if (this.#framing === "abandoned" || piece.length === 0) return;
    this.#queue.push(piece);
    this.#queued += piece.length;
    if (this.#queued > QUEUED_BYTES_MAX) this.#stdout.pause();
    this.#awake();
  }

  #end(why: Error): void {
    this.#ended ??= why;
    this.#awake();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #awake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
