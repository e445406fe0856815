import type { Socket } from "node:net";
import { DATA_BYTES_MAX, WINDOW_BYTES } from "../protocol/messages.ts";

/**
 * A process's own output is in its pipes when it exits. What it leaves running may hold them open for good, so after
 * the exit output counts as ended once nothing came for DRAIN_IDLE_MS, or DRAIN_BYTES_MAX came (more than a pipe holds).
 */
const DRAIN_IDLE_MS = 250;
const DRAIN_BYTES_MAX = 1024 * 1024;

/** One output stream of a process, read no faster than the client takes it. */
export class Output {
  readonly #stream: Socket;
  readonly #ended: Promise<unknown>;
  /** Goes below zero by at most one read of the pipe. */
  #credit = WINDOW_BYTES;
  #patient = true;
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

  /** The client took `bytes`. */
  grant(bytes: number): void {
    this.#credit += bytes;
    if (this.#credit > 0) this.#stream.resume();
    this.#watchIdle();
  }

  /** The process is to end: a client that takes nothing no longer holds that up. */
  hurry(): void {
    this.#patient = false;
    this.#watchIdle();
  }

  /** The client is gone: output goes nowhere, and must not block the process while it ends. */
  discard(): void {
    this.hurry();
    this.grant(Number.POSITIVE_INFINITY);
  }

  /** The process has exited; settles when its output has ended. */
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
    // While a patient process waits for the client, silence says nothing.
    const waiting = this.#credit <= 0 && this.#patient;
    if (this.#exited && !waiting) this.#idle = setTimeout(() => this.#stream.destroy(), DRAIN_IDLE_MS);
  }
}
