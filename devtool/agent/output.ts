import type { Socket } from "node:net";
import { DATA_BYTES_MAX, WINDOW_BYTES } from "../protocol/messages.ts";

/**
 * When a process exits, its own output is in its pipes. A child it leaves running may keep them open forever, so after
 * the exit the output counts as ended after DRAIN_IDLE_MS without data, or DRAIN_BYTES_MAX (more than fits in a pipe).
 */
const DRAIN_IDLE_MS = 250;
const DRAIN_BYTES_MAX = 1024 * 1024;

/** One output stream of a process, read no faster than the client returns credit. */
export class Output {
  readonly #stream: Socket;
  readonly #ended: Promise<unknown>;
  /** May fall below zero by at most one read of the pipe. */
  #credit = WINDOW_BYTES;
  #waitsForClient = true;
  #exited = false;
  #bytesLeft = Number.POSITIVE_INFINITY;
  #idle: NodeJS.Timeout | undefined;

  constructor(stream: Socket, send: (data: Buffer) => void) {
    this.#stream = stream;
    this.#ended = new Promise((resolve) => stream.once("close", resolve)).then(() => clearTimeout(this.#idle));
    stream.on("error", () => {}); // "close" follows
    stream.on("data", (data: Buffer) => {
      for (let at = 0; at < data.length; at += DATA_BYTES_MAX) send(data.subarray(at, at + DATA_BYTES_MAX));
      this.#count(data.length);
    });
  }

  /** The client has returned credit for `bytes`. */
  grant(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > 0) this.#stream.resume();
    this.#watchIdle();
  }

  /** The process is being ended, so a client that reads nothing is no longer waited for. */
  stopWaitingForClient(): void {
    this.#waitsForClient = false;
    this.#watchIdle();
  }

  /** The client has disconnected: output is read and dropped, so that it does not block the process while it ends. */
  discard(): void {
    this.stopWaitingForClient();
    this.grant(Number.POSITIVE_INFINITY);
  }

  /** Called once the process has exited; settles when its output has ended. */
  drain(): Promise<unknown> {
    this.#exited = true;
    this.#bytesLeft = DRAIN_BYTES_MAX;
    this.#watchIdle();
    return this.#ended;
  }

  #count(bytes: number): void {
    this.#credit -= bytes;
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft <= 0) this.#stream.destroy();
    else if (this.#credit <= 0) this.#stream.pause();
    this.#watchIdle();
  }

  #watchIdle(): void {
    clearTimeout(this.#idle);
    // While no credit is left nothing is read, so idleness means nothing.
    const waiting = this.#credit <= 0 && this.#waitsForClient;
    if (this.#exited && !waiting) this.#idle = setTimeout(() => this.#stream.destroy(), DRAIN_IDLE_MS);
  }
}
