import { getSystemErrorMap } from "node:util";
import { ERRNO } from "../linux.ts";

/** Those for which Node has no message. */
const WORDS: ReadonlyMap<number, string> = new Map([
  [ERRNO.ENOEXEC, "ENOEXEC, exec format error"],
  [ERRNO.EUSERS, "EUSERS, too many users"],
  [ERRNO.EDQUOT, "EDQUOT, quota exceeded"],
]);

/** `EPERM, operation not permitted` */
export function errnoText(errno: number): string {
  return getSystemErrorMap().get(-errno)?.join(", ") ?? WORDS.get(errno) ?? `errno ${errno}`;
}

/** What the kernel says of a file of a process that has ended, or of a cgroup that was removed. */
const GONE: readonly unknown[] = ["ENOENT", "ESRCH", "ENODEV"];

export function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && GONE.includes(error.code);
}

/** The path does not exist: ENOENT, or ENOTDIR where a file is in the place of a directory above it. */
export function isNowhere(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

/** A disk is full, or its quota is. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
