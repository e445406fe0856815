import type { Readable, Writable } from "node:stream";
import { Demultiplexer, MESSAGE, type Message, multiplex } from "./multiplex.ts";
import { ByteWriter, decodeVarint, decodeVarlong, followingBytes } from "./wire.ts";

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
/** Output is collected up to this size and sent as one frame. */
const FRAME_BYTES = 64 * 1024;

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
    const early = Buffer.concat(this.#queue);
    this.#queue = [];
    this.#queued = 0;
    this.#receive(early);
  }

  /** Sends what was collected once it fills a frame. */
  async flushIfFull(): Promise<void> {
    if (this.out.length >= FRAME_BYTES) await this.flush();
  }

  /** Sends what was collected, and waits while the other side is behind. */
  async flush(): Promise<void> {
    if (this.out.length === 0) return;
    this.#send(MESSAGE.data, this.out.take());
    while (this.#stdin.writableNeedDrain) {
      if (this.#ended !== undefined || this.#stdin.destroyed) throw this.#ended ?? new StreamEnded();
      await this.#change();
    }
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
    this.#queue = [];
    this.#queued = 0;
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
    return Buffer.concat(this.#queue);
  }

  async byte(): Promise<number> {
    const [head] = this.#queue;
    if (head === undefined || head.length === 0) return (await this.bytes(1))[0] ?? 0;
    this.#advance(head, 1);
    return head[0] ?? 0;
  }

  async int16(): Promise<number> {
    return (await this.bytes(2)).readUInt16LE(0);
  }

  async int32(): Promise<number> {
    return (await this.bytes(4)).readInt32LE(0);
  }

  async varint(): Promise<number> {
    const first = await this.byte();
    return decodeVarint(first, await this.bytes(followingBytes(first)));
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
    const [head] = this.#queue;
    if (head !== undefined && head.length >= length) {
      this.#advance(head, length);
      return head.subarray(0, length);
    }
    const all = Buffer.concat(this.#queue);
    this.#queue = [all];
    this.#advance(all, length);
    return all.subarray(0, length);
  }

  async #fill(length: number): Promise<void> {
    await this.flush();
    while (this.#queued < length) {
      if (this.#ended !== undefined) throw this.#ended;
      this.#stdout.resume();
      await this.#change();
    }
  }

  #advance(head: Buffer, length: number): void {
    this.#queued -= length;
    if (head.length === length) this.#queue.shift();
    else this.#queue[0] = head.subarray(length);
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
