import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
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

/** Beside it first, so that the file is there whole or not at all. */
export async function archiveToFile(archive: Archive, output: string, signal: AbortSignal): Promise<void> {
  const unfinished = `${output}.${process.pid}.part`;
  try {
    await pipeline(archive, createWriteStream(unfinished, { mode: 0o644 }), { signal });
    await rename(unfinished, output);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
