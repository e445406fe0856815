import { writeSync } from "node:fs";
import { outputFailure } from "./report.ts";

const RETRY_MS = 5;

/** Writes all of it to a descriptor, also to one that another program made nonblocking. Throws Failure, or Node.js's error for EPIPE. */
export function writeAll(fd: number, output: Uint8Array | string): void {
  const bytes = typeof output === "string" ? Buffer.from(output) : output;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (isErrno(error, "EAGAIN")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      else if (isErrno(error, "EPIPE")) throw error;
      else throw outputFailure(error as NodeJS.ErrnoException);
    }
  }
}

/** As by SIGPIPE, which Node.js ignores. */
export const SIGPIPE_EXIT = 141;

/** Its reader is gone, and has what it wants. */
export function isBrokenPipe(error: unknown): boolean {
  return isErrno(error, "EPIPE");
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
