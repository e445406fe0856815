import { Duplex, type Writable } from "node:stream";
import { encodeFrame, encodePreface, type Frame, FrameDecoder, ProtocolError } from "./frame.ts";
import { DATA_BYTES_MAX } from "./messages.ts";

/*
 * Many connections over one stream, where none can be forwarded: each frame begins with the connection's number, u32.
 * What is in flight is bounded by the windows of the processes that the connections carry.
 */
const KIND = { open: 1, data: 2, end: 3, closed: 4 } as const;
type Kind = (typeof KIND)[keyof typeof KIND];

const ID_BYTES = 4;

/** One side of a relay. The client opens connections to unix sockets, which the agent accepts. */
export class Relay {
  readonly #out: Writable;
  readonly #accept: ((connection: Duplex, path: string) => void) | undefined;
  readonly #decoder = new FrameDecoder();
  readonly #connections = new Map<number, RelayConnection>();
  #lastId = 0;
  #isClosed = false;

  /** `accept` is called for each connection that the other side opens. */
  constructor(out: Writable, accept?: (connection: Duplex, path: string) => void) {
    this.#out = out;
    this.#accept = accept;
    out.write(encodePreface());
  }

  /** A connection to the unix socket at `path` on the other side. It ends at once where nothing listens. */
  open(path: string): Duplex {
    const id = ++this.#lastId;
    const connection = this.#add(id);
    if (this.#isClosed) connection.destroy();
    else this.#send(KIND.open, id, Buffer.from(path));
    return connection;
  }

  /** @throws ProtocolError; the relay can't be used after that */
  receive(chunk: Buffer): void {
    for (const frame of this.#decoder.push(chunk)) this.#act(frame);
  }

  /** Ends every connection: the stream below has ended. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections.values()) connection.destroy();
  }

  #act({ kind, payload }: Frame): void {
    if (payload.length < ID_BYTES) throw new ProtocolError("a frame of the relay without a number");
    const id = payload.readUInt32BE(0);
    const body = payload.subarray(ID_BYTES);
    // A connection that was closed here may still be written to from there.
    const connection = this.#connections.get(id);
    if (kind === KIND.open && this.#accept && !connection) this.#accept(this.#add(id), body.toString());
    else if (kind === KIND.data) connection?.push(body);
    else if (kind === KIND.end) connection?.push(null);
    else if (kind === KIND.closed) connection?.destroy();
    else throw new ProtocolError(`${kind} is not a frame of the relay`);
  }

  #add(id: number): RelayConnection {
    const connection = new RelayConnection((kind, data, done) => this.#send(kind, id, data, done));
    this.#connections.set(id, connection);
    connection.once("close", () => this.#connections.delete(id));
    return connection;
  }

  #send(kind: Kind, id: number, data: Buffer, done = () => {}): void {
    const payload = Buffer.allocUnsafe(ID_BYTES + data.length);
    payload.writeUInt32BE(id, 0);
    payload.set(data, ID_BYTES);
    if (this.#out.writable) this.#out.write(encodeFrame(kind, payload), () => done());
    else done();
  }
}

const NOTHING = Buffer.alloc(0);

class RelayConnection extends Duplex {
  readonly #send: (kind: Kind, data: Buffer, done: () => void) => void;

  constructor(send: (kind: Kind, data: Buffer, done: () => void) => void) {
    super();
    this.#send = send;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const rest = chunk.subarray(DATA_BYTES_MAX);
    const sent = rest.length > 0 ? () => this._write(rest, _encoding, done) : done;
    this.#send(KIND.data, chunk.subarray(0, DATA_BYTES_MAX), sent);
  }

  override _final(done: () => void): void {
    this.#send(KIND.end, NOTHING, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // After both ends the other side closes by itself, once it has read everything.
    if (!this.readableEnded || !this.writableFinished) this.#send(KIND.closed, NOTHING, () => {});
    done(error);
  }
}
