import { getSystemErrorMap, getSystemErrorName } from "node:util";
import { Failure } from "../failure.ts";

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  ENOTDIR: "not a directory",
  ELOOP: "a symbolic link is in its path",
  ESTALE: "something else is in its place",
  EISDIR: "is a directory",
  EACCES: "permission denied",
  ENOEXEC: "not an executable file",
  ELIBACC: "what is to run it is not there",
  E2BIG: "argument list too long",
  EAGAIN: "too many processes",
  ENOMEM: "out of memory",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the other side",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  EADDRNOTAVAIL: "this machine does not have that address",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name server does not answer",
  ETIMEDOUT: "no answer in time",
};

/** `no such file or directory (ENOENT)` */
export function errnoWords(errno: string): string {
  const words = WORDS[errno] ?? systemWords(errno);
  return words ? `${words} (${errno})` : errno;
}

function systemWords(errno: string): string | undefined {
  return [...getSystemErrorMap().values()].find(([name]) => name === errno)?.[1];
}

/**
 * The errno name of a system error, such as ENOENT; undefined for any other error. A Failure's code is not an errno.
 */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof Failure) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return "errno" in error && typeof error.errno === "number" ? getSystemErrorName(error.errno) : undefined;
}
