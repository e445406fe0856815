import { closeSync, openSync, readSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { errnoText } from "../../host/errno.ts";

/** More than the kernel passes to a program. */
const BYTES_MAX = 4 << 20;

/** The variables in a file, each KEY=VALUE, or KEY for the caller's value; without one it does not count, unlike -e KEY. Throws Failure. */
export function readEnvironmentFile(path: string): string[] {
  const variables = linesOf({
    option: "--env-file",
    of: "variable",
    path,
    remedy: "it has lines KEY=VALUE, or KEY for the value in your environment",
  });
  return variables.filter((entry) => entry.includes("=") || process.env[entry] !== undefined);
}

/** The labels in a file, each KEY[=VALUE]. Throws Failure. */
export function readLabelFile(path: string): string[] {
  return linesOf({
    option: "--label-file",
    of: "label",
    path,
    remedy: "it has lines KEY=VALUE, or KEY for a label without a value",
  });
}

/** A file of lines, and how messages call it. */
interface LineFile {
  readonly option: string;
  /** What a line is. */
  readonly of: string;
  readonly path: string;
  readonly remedy: string;
}

/**
 * Those of a file as docker reads it: empty lines and those that begin with # don't count, and nothing is unquoted. Throws Failure
 * for a file that can't be read, and for a bad line.
 */
function linesOf(file: LineFile): string[] {
  const lines = decoded(file, read(file))
    .replace(/^\ufeff/, "")
    .split(/\r?\n/);
  return lines.flatMap((line, at) => {
    const entry = line.trimStart();
    if (entry === "" || entry.startsWith("#")) return [];
    const [key = ""] = entry.split("=", 1);
    if (key === "" || /\s/.test(key))
      throw badLine(file, at + 1, key === "" ? "has no name" : `has a space in its name`);
    if (entry.includes("\0")) throw badLine(file, at + 1, "contains a NUL byte");
    return [entry];
  });
}

function decoded(file: LineFile, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw unusable(file, "it is not UTF-8", cause);
  }
}

/** Also from a pipe, such as <(command), whose size is not known before. */
function read(file: LineFile): Uint8Array {
  try {
    const fd = openSync(file.path, "r");
    try {
      const bytes = Buffer.alloc(BYTES_MAX + 1);
      let length = 0;
      for (let got = 1; got > 0 && length < bytes.length; length += got)
        got = readSync(fd, bytes, length, bytes.length - length, null);
      if (length > BYTES_MAX) throw unusable(file, `it is larger than ${BYTES_MAX} bytes`);
      return bytes.subarray(0, length);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error && "errno" in error)) throw error;
    throw unusable(file, errnoText(-Number(error.errno)), error);
  }
}

function badLine(file: LineFile, line: number, why: string): Failure {
  return unusable(file, `the ${file.of} in line ${line} ${why}`);
}

function unusable({ option, path, remedy }: LineFile, why: string, cause?: unknown): Failure {
  return new Failure(`can't use ${option} ${path}: ${why}`, { code: "usage", remedy, cause });
}
