import type { AnyAuthMethod } from "../transport/ssh2.ts";

/** What the server answered to a method that did not complete the login. */
export interface Refusal {
  /** The methods it would accept next. */
  readonly left: readonly string[];
  /** The method succeeded, and another one is wanted as well. */
  readonly partial: boolean;
}

/** Yields methods to try, each of which is answered by a refusal: after a success nothing more is asked for. */
export type Attempts<R> = AsyncGenerator<AnyAuthMethod, R, Refusal>;
