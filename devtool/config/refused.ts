import { Failure } from "../failure.ts";

/** The configuration is not valid. */
export function refused(message: string): Failure {
  return new Failure(message, { code: "config-invalid", exitCode: 2 });
}
