import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";

/** Gives `value` once each stream that somebody reads has been read to its end. One nobody reads holds nothing up. */
export async function whenTaken<T>(value: T, ...streams: readonly Readable[]): Promise<T> {
  // A short process may be over before the caller, who has just been given it, could begin to read.
  await setImmediate();
  const read = streams.filter((stream) => stream.readableFlowing !== null && !stream.destroyed);
  await Promise.all(read.map((stream) => finished(stream).catch(() => {})));
  return value;
}
