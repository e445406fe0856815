import { createWriteStream } from "node:fs";
import { realpath, rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Failure } from "../failure.ts";
import { isTerminal } from "../host/terminal.ts";
import { writeAll } from "./write.ts";

type Archive = AsyncIterable<Uint8Array>;

/** `instead`: what to type where standard output is a terminal. Throws Failure. */
export async function archiveToOutput(archive: Archive, instead: string, signal: AbortSignal): Promise<void> {
  if (isTerminal(1)) throw new Failure("an archive is nothing for a terminal", { code: "usage", remedy: instead });
  for await (const piece of archive) {
    signal.throwIfAborted();
    writeAll(1, piece);
  }
}

/**
 * Beside it first, so that the file is there whole or not at all. A link keeps leading to it; a device, a pipe or a terminal is
 * written to as it is. Throws Failure for a directory.
 */
export async function archiveToFile(archive: Archive, output: string, signal: AbortSignal): Promise<void> {
  const there = await stat(output).catch(() => undefined);
  if (there?.isDirectory()) throw new Failure(`can't write to ${output}: it is a directory`, { code: "usage" });
  if (there && !there.isFile()) return pipeline(archive, createWriteStream(output, { flags: "a" }), { signal });
  const file = there ? await realpath(output) : output;
  const unfinished = `${file}.${process.pid}.part`;
  try {
    await pipeline(archive, createWriteStream(unfinished, { mode: 0o644 }), { signal });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
