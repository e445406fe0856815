import { Failure } from "../failure.ts";

/** Prints what went wrong on standard error; returns the exit code. */
export function report(error: unknown): number {
  if (!(error instanceof Failure)) {
    process.stderr.write(`tinydocker: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`);
    return 125;
  }
  process.stderr.write(`tinydocker: ${error.message}\n${error.remedy ? `  ${error.remedy}\n` : ""}`);
  return error.exitCode;
}
