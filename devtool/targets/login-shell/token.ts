import { randomBytes } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** How much of a login shell's output is kept until the token arrives. */
const NOISE_BYTES_MAX = 64 * 1024;

/** Marks our own lines among what a login shell prints. It is random, so nothing else can contain it. */
export function newToken(): string {
  return randomBytes(16).toString("hex");
}

/** Finds the lines of a stream that contain the token, and drops all others. */
export class TokenLines {
  readonly #token: string;
  readonly #onLine: (line: string) => void;
  // A character may be split between two chunks.
  readonly #decoder = new StringDecoder("utf8");
  #pending = "";

  /** `onLine` is called with what follows the token and a space. */
  constructor(token: string, onLine: (line: string) => void) {
    this.#token = token;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    this.#pending += this.#decoder.write(chunk);
    for (;;) {
      const end = this.#pending.indexOf("\n");
      if (end === -1) break;
      const line = this.#pending.slice(0, end);
      this.#pending = this.#pending.slice(end + 1);
      const at = line.indexOf(`${this.#token} `);
      if (at !== -1) this.#onLine(line.slice(at + this.#token.length + 1).trimEnd());
    }
    if (this.#pending.length > NOISE_BYTES_MAX) this.#pending = this.#pending.slice(-NOISE_BYTES_MAX / 2);
  }
}

/** What is to be done with what follows a line that has the token: more such lines may come. */
export type Next = "pass on" | "look for another line";

/** Passes on the bytes that follow the first line with the token, or a later one. */
export class AfterToken extends Transform {
  readonly #token: Buffer;
  readonly #onLine: (line: string) => Next;
  #before: Buffer | undefined = Buffer.alloc(0);

  constructor(token: string, onLine: (line: string) => Next = () => "pass on") {
    super();
    this.#token = Buffer.from(`${token} `);
    this.#onLine = onLine;
  }

  /** What was received instead of the token, such as a shell's error message; empty once the token has arrived. */
  get noise(): string {
    return this.#before?.toString("utf8") ?? "";
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(null, this.#before === undefined ? chunk : this.#behindToken(Buffer.concat([this.#before, chunk])));
  }

  #behindToken(seen: Buffer): Buffer | undefined {
    const at = seen.indexOf(this.#token);
    const end = at === -1 ? -1 : seen.indexOf("\n", at);
    if (end === -1) {
      this.#before = seen.length > NOISE_BYTES_MAX ? seen.subarray(-NOISE_BYTES_MAX / 2) : seen;
      return undefined;
    }
    const next = this.#onLine(seen.toString("utf8", at + this.#token.length, end).trimEnd());
    const rest = seen.subarray(end + 1);
    if (next === "look for another line") return this.#behindToken(rest);
    this.#before = undefined;
    return rest.length > 0 ? rest : undefined;
  }
}
