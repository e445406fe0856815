import { resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { errnoText } from "../../host/errno.ts";
import { systemFailure, systemReason } from "../../image/system-failure.ts";
import { stateRoot } from "../../state/root.ts";
import { say } from "./say.ts";

/** For what could not be written to standard output, such as to a full disk. */
export function outputFailure(error: NodeJS.ErrnoException): Failure {
  return new Failure(`can't write to standard output: ${errnoText(-(error.errno ?? 0))}`, {
    code: "no-space",
    cause: error,
  });
}

/** What nobody has foreseen. Of a system call the stack says no more than the call and its file. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!("syscall" in error)) return error.stack ?? error.message;
  const { syscall, path, errno = 0 } = error as NodeJS.ErrnoException;
  const call = path === undefined ? syscall : `${syscall} ${path}`;
  return `${call}: ${errnoText(-errno)}\n  it may have changed just now: try again; if that fails too, please report it as a bug`;
}

/** What a disk says that can't be written. */
const UNWRITABLE: readonly unknown[] = ["EROFS", "ENOSPC", "EDQUOT", "EACCES"];

/** Why a path can't be that of a directory. */
const NOT_A_DIRECTORY: readonly unknown[] = ["ENOTDIR", "ELOOP", "ENAMETOOLONG"];

/** Below the state directory, it is that which a person has to mend, whatever the command was. */
function known(error: unknown): unknown {
  const { code, path = "" } = error as NodeJS.ErrnoException;
  const root = resolve(stateRoot());
  if (!path.startsWith(root)) return error;
  if (NOT_A_DIRECTORY.includes(code)) return notUsable(root, error);
  if (!UNWRITABLE.includes(code)) return error;
  return systemFailure(`can't write the state directory ${root}`, root, "state-unwritable", error);
}

function notUsable(root: string, error: unknown): Failure {
  return new Failure(`can't use the state directory ${root}: ${systemReason(error)}`, {
    code: "state-unwritable",
    remedy: "set TINYDOCKER_ROOT to a directory",
    cause: error,
  });
}

/** Prints what went wrong on standard error; returns the exit code. */
export function report(thrown: unknown): number {
  const error = thrown instanceof Error && "syscall" in thrown ? known(thrown) : thrown;
  if (!(error instanceof Failure)) {
    say(`tinydocker: ${wordsOf(error)}\n`);
    return 125;
  }
  say(`tinydocker: ${error.message}\n${error.remedy ? `  ${error.remedy}\n` : ""}`);
  return error.exitCode;
}
