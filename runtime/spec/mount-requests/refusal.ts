import { Failure } from "../../failure.ts";

/** For a mount that is not valid. `asked`: the words of the command line. */
export function notAMount(asked: string, why: string, remedy: string): Failure {
  return new Failure(`can't mount ${JSON.stringify(asked)}: ${why}`, { code: "usage", remedy });
}
