import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { say } from "./say.ts";

/** For what could not be written to standard output, such as to a full disk. */
export function outputFailure(error: NodeJS.ErrnoException): Failure {
  return new Failure(`can't write to standard output: ${errnoText(-(error.errno ?? 0))}`, {
    code: "no-space",
    cause: error,
  });
}

/** Prints what went wrong on standard error; returns the exit code. */
export function report(error: unknown): number {
  if (!(error instanceof Failure)) {
    say(`tinydocker: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    return 125;
  }
  say(`tinydocker: ${error.message}\n${error.remedy ? `  ${error.remedy}\n` : ""}`);
  return error.exitCode;
}
