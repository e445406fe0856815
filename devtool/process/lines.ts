import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** Calls `onLine` for each line of UTF-8 text; settles at the end. A character split between chunks stays whole. */
export async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) onLine(line);
}
