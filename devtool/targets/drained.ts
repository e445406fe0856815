import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";

/**
 * Resolves to `value` once each stream that is being read has been read to its end. An unread one is not waited for.
 */
export async function whenDrained<T>(value: T, ...streams: readonly Readable[]): Promise<T> {
  // A short process may have ended before its caller could begin to read.
  await setImmediate();
  const read = streams.filter((stream) => stream.readableFlowing !== null && !stream.destroyed);
  await Promise.all(read.map((stream) => finished(stream).catch(() => {})));
  return value;
}
