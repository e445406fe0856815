import { Writable } from "node:stream";
import { isAtStartAfter } from "./line-start.ts";

type Output = NodeJS.WritableStream & { readonly columns?: number };

/** After a write, until the line is back: it must not slow down a program that prints much. */
const REDRAW_MS = 50;

// The cursor stays where the program has left it, and so does the color of its text (DECSC, DECRC).
const SAVE = "\x1b7\x1b[0m";
const RESTORE = "\x1b8";
/** Each character of it takes one column. */
const PLAIN = /^[\x20-\x7e·]*$/;
const DIM = "\x1b[2m";
const ERASE_LINE = `${SAVE}\x1b[K${RESTORE}`;
const ERASE_BELOW = `${SAVE}\x1b[J${RESTORE}`;

/**
 * The last line of a terminal, where devtool says what it is doing: out of the way of what is written there, and back once
 * that has ended a line.
 */
export class StatusLine {
  readonly #terminal: Output;
  #text = "";
  /** What is shown in its place. */
  #pinned = "";
  #isShown = false;
  /** Whether the cursor is at the start of a line. */
  #isAtStart = true;
  #redraw: NodeJS.Timeout | undefined;
  #mayDraw = false;
  #cut: typeof import("./cut.ts").cut | undefined;

  /** `mayDraw`: not from the background, where a shell has the terminal. */
  constructor(terminal: Output, mayDraw: Promise<boolean>) {
    this.#terminal = terminal;
    void mayDraw.then((may) => {
      this.#mayDraw = may;
      this.#draw();
    });
    terminal.on("resize", () => this.#resized());
  }

  /** An empty text shows none. */
  show(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    if (!this.#redraw) this.#draw();
  }

  /** Shown in place of the text, until it is empty. */
  pin(text: string): void {
    this.#pinned = text;
    if (!this.#redraw) this.#draw();
  }

  /** A stream to write to instead of `stream`, on the same terminal. */
  above(stream: NodeJS.WritableStream): Writable {
    const above = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        const isTaken = stream.write(this.#clearedFor(chunk), (error) => isTaken || done(error));
        if (isTaken) done();
      },
    });
    stream.once("error", (error) => above.destroy(error));
    return above.on("error", () => {});
  }

  #clearedFor(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk;
    this.#isAtStart = isAtStartAfter(chunk, this.#isAtStart);
    this.#redraw ??= setTimeout(() => {
      this.#redraw = undefined;
      this.#draw();
    }, REDRAW_MS).unref();
    if (!this.#isShown) return chunk;
    this.#isShown = false;
    return Buffer.concat([Buffer.from(ERASE_LINE), chunk]);
  }

  #draw(): void {
    if (!this.#mayDraw || !this.#isAtStart) return;
    const text = this.#pinned || this.#text;
    if (text === "" && !this.#isShown) return;
    // In the last column of its last line a terminal may scroll.
    const fitting = this.#fitting(text, (this.#terminal.columns || 80) - 1);
    if (fitting === undefined) return;
    this.#isShown = text !== "";
    this.#terminal.write(`${SAVE}${DIM}${fitting}\x1b[0m\x1b[K${RESTORE}`);
  }

  /** undefined until what cuts it is there: loading that takes longer than many a command, and few texts need it. */
  #fitting(text: string, columns: number): string | undefined {
    if (text.length <= columns && PLAIN.test(text)) return text;
    if (!this.#cut)
      void import("./cut.ts").then(({ cut }) => {
        this.#cut = cut;
        this.#draw();
      });
    return this.#cut?.(text, columns);
  }

  /** Many terminals wrap lines that have become too long. */
  #resized(): void {
    if (!this.#isShown) return;
    this.#terminal.write(ERASE_BELOW);
    this.#draw();
  }
}
