import { getSystemErrorMap } from "node:util";
import { ERRNO } from "../linux.ts";

/** Those for which Node has no message. */
const WORDS: ReadonlyMap<number, string> = new Map([
  [ERRNO.EUSERS, "EUSERS, too many users"],
  [ERRNO.EDQUOT, "EDQUOT, quota exceeded"],
]);

/** `EPERM, operation not permitted` */
export function errnoText(errno: number): string {
  return getSystemErrorMap().get(-errno)?.join(", ") ?? WORDS.get(errno) ?? `errno ${errno}`;
}

/** A disk is full, or its quota is. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
