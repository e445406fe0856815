import { closeSync, openSync, readSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { errnoText } from "../../host/errno.ts";

/** More than the kernel passes to a program. */
const BYTES_MAX = 4 << 20;

/**
 * The variables in a file as docker reads it: each line KEY=VALUE, or KEY for the caller's value; empty lines and those that
 * begin with # don't count, and nothing is unquoted. Throws Failure for a file that can't be read, and for a bad line.
 */
export function readEnvironmentFile(path: string): string[] {
  const lines = decoded(path, read(path))
    .replace(/^\ufeff/, "")
    .split(/\r?\n/);
  return lines.flatMap((line, at) => {
    const variable = line.trimStart();
    if (variable === "" || variable.startsWith("#")) return [];
    const [key = ""] = variable.split("=", 1);
    if (key === "" || /\s/.test(key))
      throw badLine(path, at + 1, key === "" ? "has no name" : `has a space in its name`);
    if (variable.includes("\0")) throw badLine(path, at + 1, "contains a NUL byte");
    return [variable];
  });
}

function decoded(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unusable(path, "it is not UTF-8", cause);
  }
}

/** Also from a pipe, such as <(command), whose size is not known before. */
function read(path: string): Uint8Array {
  try {
    const fd = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(BYTES_MAX + 1);
      let length = 0;
      for (let got = 1; got > 0 && length < bytes.length; length += got)
        got = readSync(fd, bytes, length, bytes.length - length, null);
      if (length > BYTES_MAX) throw unusable(path, `it is larger than ${BYTES_MAX} bytes`);
      return bytes.subarray(0, length);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error && "errno" in error)) throw error;
    throw unusable(path, errnoText(-Number(error.errno)), error);
  }
}

function badLine(path: string, line: number, why: string): Failure {
  return unusable(path, `the variable in line ${line} ${why}`);
}

function unusable(path: string, why: string, cause?: unknown): Failure {
  return new Failure(`can't use --env-file ${path}: ${why}`, {
    code: "usage",
    remedy: "it has lines KEY=VALUE, or KEY for the value in your environment",
    cause,
  });
}
