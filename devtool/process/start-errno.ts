import { existsSync } from "node:fs";
import { resolve } from "node:path";

/**
 * Why a program did not start. Of one that is there, ENOENT means that what is to run it is not: the program after `#!`, or a
 * loader. ELIBACC says that.
 */
export function startErrno(errno: string, file: string, cwd: string): string {
  const isThere = errno === "ENOENT" && file.includes("/") && existsSync(resolve(cwd, file));
  return isThere ? "ELIBACC" : errno;
}
