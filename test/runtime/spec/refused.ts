import assert from "node:assert/strict";
import { Failure } from "../../../runtime/failure.ts";

export const isRefusal = (error: unknown): boolean =>
  error instanceof Failure && error.exitCode === 125 && error.remedy !== undefined;

/** It is refused before anything is touched, with what to do about it. */
export function refused(run: () => unknown): void {
  assert.throws(run, isRefusal);
}
