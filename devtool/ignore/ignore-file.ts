import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Failure } from "../failure.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";

/** A .gitignore of the project; undefined where there is none. Like git's, a link is not followed: that is a problem. */
export function readOwnFile(
  path: string | Buffer,
  name: string,
): { content: Buffer } | { problem: string } | undefined {
  try {
    const content = read(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    return content && { content };
  } catch (error) {
    if (errnoOf(error) === "ELOOP") {
      return { problem: `${name} is a symbolic link, which git does not follow: nothing is ignored because of it` };
    }
    throw unreadable(name, error);
  }
}

/** An ignore file outside the project; undefined where there is none. */
export function readOuterFile(path: string): Buffer | undefined {
  try {
    return read(path, constants.O_RDONLY);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function read(path: string | Buffer, flags: number): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, flags | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
  try {
    return fstatSync(file).isFile() ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}

function unreadable(name: string, cause: unknown): Failure {
  const why = errnoWords(errnoOf(cause) ?? String(cause));
  return new Failure(`${name} can't be read, so what it ignores is not known: ${why}`, {
    code: "project-unreadable",
    remedy: "make it readable, or remove it",
    exitCode: 2,
    cause,
  });
}
