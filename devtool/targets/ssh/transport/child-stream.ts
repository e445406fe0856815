import type { ChildProcessByStdio } from "node:child_process";
import { Duplex, type Readable, type Writable } from "node:stream";

/**
 * A child process's stdin and stdout as one stream. Destroying it hangs up on the child. It does not end by itself: its
 * owner pushes the end once it knows why.
 */
export class ChildStream extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Resolves, once all output has been read, to how it ended: `ended with exit code 1`. */
  readonly exited: Promise<string>;

  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>) {
    super();
    this.#child = child;
    child.stdin.on("error", () => {}); // its exit follows
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    this.exited = new Promise((settle) => {
      child.on("error", (error) => settle(`can't be started: ${error.message}`));
      child.on("close", (code, signal) =>
        settle(signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`),
      );
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#child.stdin.destroyed) done();
    else this.#child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill("SIGHUP");
    done(error);
  }
}
