import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

/** Writes a file beside its place first, so that it is there whole or not at all. Throws the signal's reason with nothing left behind. */
export async function writeWholeFile(
  content: AsyncIterable<Uint8Array>,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const unfinished = `${file}.${process.pid}.part`;
  try {
    await pipeline(content, createWriteStream(unfinished, { mode: 0o644 }), { signal });
    await rename(unfinished, file);
  } catch (error) {
    // Where the directory is none, the first error says so.
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
}
