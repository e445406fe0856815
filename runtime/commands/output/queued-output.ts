import { write } from "node:fs";
import { promisify } from "node:util";
import { orAbort } from "../../host/or-abort.ts";
import { sleep } from "../../host/sleep.ts";
import { outputFailure } from "./report.ts";

const writeSome = promisify(write);
const RETRY_MS = 5;

/** On another thread, so that signals are seen; also to a descriptor that another program made nonblocking. */
export async function writeWhole(fd: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += (await writeSome(fd, bytes, at)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** The same of standard output. Throws Failure, Node.js's error for EPIPE, or the signal's reason. */
export async function writeToOutput(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const written = writeWhole(1, bytes).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EPIPE" ? error : outputFailure(error);
  });
  await orAbort(written, signal);
}

/** As say(), on another thread: the exit code still says it where nobody reads the words. Throws the signal's reason. */
export async function sayLater(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  await orAbort(
    writeWhole(2, bytes).catch(() => {}),
    signal,
  );
}

/** Texts that are written in order while the work goes on, however long their reader takes. */
export class QueuedOutput {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #waiting = "";
  #written = Promise.resolve();

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  add(text: string): void {
    this.#waiting += text;
    this.#written = this.#written.then(() => this.#writeWaiting());
    // Whoever waits for it gets the error.
    this.#written.catch(() => {});
  }

  /** When all of it is. Throws what kept one from being written. */
  written(): Promise<void> {
    return this.#written;
  }

  async #writeWaiting(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = "";
    if (text !== "") await this.#write(Buffer.from(text));
  }
}
