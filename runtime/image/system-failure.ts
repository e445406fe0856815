import { resolve } from "node:path";
import { getSystemErrorMap } from "node:util";
import { Failure, type FailureCode } from "../failure.ts";

/** Turns a failed system call on an image into a Failure that begins with `what`; returns any other error as it is. */
export function systemFailure(what: string, root: string, otherwise: FailureCode, error: unknown): unknown {
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  // It may be what is imported that can't be read.
  const isElsewhere = code === "EACCES" && path !== undefined && !isOnTheWay(resolve(path), resolve(root));
  const cause = isElsewhere ? { code: otherwise } : causeOf(code, root, otherwise);
  return new Failure(`${what}: ${systemReason(error, what)}`, { ...cause, cause: error });
}

/** Whether one of them leads to the other. */
function isOnTheWay(path: string, root: string): boolean {
  return `${path}/`.startsWith(`${root}/`) || `${root}/`.startsWith(`${path}/`);
}

interface Cause {
  readonly code: FailureCode;
  readonly remedy?: string;
}

function causeOf(errno: string | undefined, root: string, otherwise: FailureCode): Cause {
  switch (errno) {
    case "ENOSPC":
      return {
        code: "no-space",
        remedy: `free space on the file system of ${root}, or set TINYDOCKER_ROOT to a directory on another`,
      };
    case "EDQUOT":
      return {
        code: "no-space",
        remedy: `free space within the quota of ${root}, or set TINYDOCKER_ROOT to a directory elsewhere`,
      };
    case "EROFS":
      return {
        code: "state-unwritable",
        remedy: `set TINYDOCKER_ROOT to a directory on another file system than ${root}`,
      };
    case "EACCES":
      return {
        code: "state-unwritable",
        remedy: `run as root, or set TINYDOCKER_ROOT to a directory of your own instead of ${root}`,
      };
    default:
      return { code: otherwise };
  }
}

/** The system's message for the error, with the file it is about unless what was said before it ends with that. */
export function systemReason(error: unknown, before = ""): string {
  const { errno, path, message } = error as NodeJS.ErrnoException;
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  if (words === undefined) return message;
  return path === undefined || before.endsWith(` ${path}`) ? words : `${words} (${path})`;
}
