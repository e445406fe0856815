import { setTimeout as delay } from "node:timers/promises";
import { ConnectionLost, Failure } from "../failure.ts";
import type { Connection } from "./target.ts";

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5_000;

export interface ReconnectRequest<T> {
  /** Connects, and returns the connection with what was asked for over it. */
  readonly open: (signal: AbortSignal) => Promise<T>;
  /** The connection was lost, or could not be reopened: called once for each reason. More attempts follow. */
  readonly onDisconnected: (why: Error) => void;
  readonly onReopened: () => void;
  /** Whether a target that the first connection can't be opened to is waited for, as after a loss. */
  readonly mayWait: (why: Failure) => boolean;
  /** No connection can be opened, and no more attempts follow. Called before current() rejects. */
  readonly onFailed: (error: unknown) => void;
}

/*
 * opening ──▶ open ──lost, or dropped──▶ reopening: tries until it succeeds ──▶ open
 *    │                                         ▲        from each of these ──close()──▶ closed
 *    ├─fails, and may wait─────────────────────┘
 *    └─fails─▶ failed
 */
export class Reconnecting<T extends { readonly connection: Connection }> {
  readonly #request: ReconnectRequest<T>;
  readonly #closing = new AbortController();
  #current: Promise<T>;
  #dropped: ConnectionLost | undefined;

  constructor(request: ReconnectRequest<T>) {
    this.#request = request;
    this.#current = this.#guard(this.#open());
    this.#keepOpen().catch(() => {}); // #guard() has reported it
  }

  /** Resolves to the open connection; after a loss, to the next one. */
  current(): Promise<T> {
    return this.#current;
  }

  /**
   * Closes a connection that may not have noticed yet that it is lost. The next one may be open already, and stays
   * open.
   */
  drop(lost: T, why: ConnectionLost): void {
    this.#dropped = why;
    lost.connection.close().catch(() => {}); // #keepOpen() sees it
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const last = await this.#current.catch(() => undefined);
    await last?.connection.close();
  }

  async #open(): Promise<T> {
    const { open, mayWait } = this.#request;
    const { signal } = this.#closing;
    try {
      return await open(signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof Failure) || !mayWait(error)) throw error;
      return await this.#reopen(error);
    }
  }

  async #keepOpen(): Promise<void> {
    for (;;) {
      const { connection } = await this.#current;
      const why = (await connection.closed) ?? this.#dropped ?? new ConnectionLost("the connection was closed");
      this.#dropped = undefined;
      if (this.#closing.signal.aborted) return;
      this.#current = this.#guard(this.#reopen(why));
      await this.#current;
      this.#request.onReopened();
    }
  }

  /**
   * Tries until it succeeds: a booting machine refuses in many ways, and what a person has to fix (a changed host key
   * is never accepted) can be fixed while this waits.
   */
  async #reopen(lost: Error): Promise<T> {
    const { signal } = this.#closing;
    const { open, onDisconnected } = this.#request;
    const told = new Set([lost.message]);
    onDisconnected(lost);
    for (let wait = RETRY_MS_MIN; ; wait = Math.min(wait * 2, RETRY_MS_MAX)) {
      await delay(wait, undefined, { signal });
      try {
        return await open(signal);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (!told.has(error.message)) onDisconnected(error);
        told.add(error.message);
      }
    }
  }

  async #guard(opening: Promise<T>): Promise<T> {
    try {
      return await opening;
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#request.onFailed(error);
      throw error;
    }
  }
}
