import { Failure, type FailureCode } from "../failure.ts";
import { report } from "./output/report.ts";

/** Does it for each name, whatever becomes of the others. What fails is reported, and its exit code returned, unless it has the code `excused`. */
export async function codeOfEach(
  names: readonly string[],
  work: (name: string) => Promise<void>,
  excused?: FailureCode,
): Promise<number> {
  let exitCode = 0;
  for (const name of names) {
    try {
      await work(name);
    } catch (error) {
      const code = report(error);
      if (!(error instanceof Failure && error.code === excused)) exitCode = code;
    }
  }
  return exitCode;
}
