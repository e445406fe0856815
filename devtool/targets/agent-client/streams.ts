import { Readable, Writable } from "node:stream";
import { type ClientMessage, DATA_BYTES_MAX, WINDOW_BYTES } from "../../protocol/messages.ts";

/** A process's stdin. Sends no more than the agent has given credit for. */
export class StandardInput {
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

/** A process's stdout or stderr. Returns credit to the agent for what its reader consumed, half a window at a time. */
export class StandardOutput {
  readonly stream: Readable;
  readonly #returnCredit: (bytes: number) => void;
  #consumed = 0;
  #wanted = true;

  constructor(returnCredit: (bytes: number) => void) {
    this.#returnCredit = returnCredit;
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
    this.#consumed += data.length;
    this.#wanted = this.stream.push(data) || this.stream.destroyed;
    this.#settle();
  }

  end(): void {
    if (!this.stream.readableEnded && !this.stream.destroyed) this.stream.push(null);
  }

  #settle(): void {
    if (!this.#wanted || this.#consumed < WINDOW_BYTES / 2) return;
    this.#returnCredit(this.#consumed);
    this.#consumed = 0;
  }
}
