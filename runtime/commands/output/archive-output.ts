import { open } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { Failure } from "../../failure.ts";
import { errnoText, isNoSpace } from "../../host/errno.ts";
import { orAbort } from "../../host/or-abort.ts";
import { isTerminal } from "../../host/terminal.ts";
import { writeWholeFile } from "../../host/whole-file.ts";
import { writeToOutput, writeWhole } from "./queued-output.ts";

type Archive = AsyncIterable<Uint8Array>;

/** `instead`: what to type where standard output is a terminal. Throws Failure, or Node.js's error for EPIPE. */
export async function archiveToOutput(archive: Archive, instead: string, signal: AbortSignal): Promise<void> {
  if (isTerminal(1)) throw new Failure("an archive is nothing for a terminal", { code: "usage", remedy: instead });
  for await (const piece of gathered(archive)) await writeToOutput(piece, signal);
}

/**
 * Beside it first, so that the file is there whole or not at all. A link keeps leading to it; a device, a pipe or a terminal is
 * written to as it is. Throws Failure for a directory.
 */
export async function archiveToFile(archive: Archive, output: string, signal: AbortSignal): Promise<void> {
  const there = await stat(output).catch(() => undefined);
  if (there?.isDirectory()) throw new Failure(`can't write to ${output}: it is a directory`, { code: "usage" });
  const file = there?.isFile() ? await realpath(output) : output;
  const written =
    there && !there.isFile() ? archiveToSpecialFile(archive, output, signal) : writeWholeFile(archive, file, signal);
  await written.catch((error: unknown) => {
    signal.throwIfAborted();
    throw isAbout(file, error) ? unwritable(output, error) : error;
  });
}

/** Not about what the archive is made from. Of the unfinished file, the name is longer. */
function isAbout(file: string, error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error && "syscall" in error)) return false;
  return error.syscall === "write" || ("path" in error && String(error.path).startsWith(file));
}

function unwritable(output: string, error: NodeJS.ErrnoException): Failure {
  const { errno = 0, code } = error;
  const remedy =
    code === "ENOENT" ? `make the directory first: mkdir -p ${dirname(output)}` : "name another place for it";
  return new Failure(`can't write ${output}: ${errnoText(-errno)}`, {
    ...(isNoSpace(error) ? { code: "no-space", remedy: "free some space there" } : { code: "usage", remedy }),
    cause: error,
  });
}

/** It is closed with this process: where nobody reads it, to close it would wait too. */
async function archiveToSpecialFile(archive: Archive, output: string, signal: AbortSignal): Promise<void> {
  const fd = await orAbort(promisify(open)(output, "a"), signal);
  for await (const piece of gathered(archive)) await orAbort(writeWhole(fd, piece), signal);
}

const GATHERED_BYTES = 256 * 1_024;

/** Headers and small files many at a time: each write costs a turn of another thread. A piece is used before the next is made. */
async function* gathered(archive: Archive): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(GATHERED_BYTES);
  let length = 0;
  for await (const piece of archive) {
    if (length + piece.length > GATHERED_BYTES) {
      yield buffer.subarray(0, length);
      length = 0;
    }
    if (piece.length >= GATHERED_BYTES) yield piece;
    else {
      buffer.set(piece, length);
      length += piece.length;
    }
  }
  yield buffer.subarray(0, length);
}
