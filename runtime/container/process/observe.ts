import { Failure } from "../../failure.ts";

/** Calls an observer of the start. Throws Failure when it throws. */
export function observed(observe: () => void): void {
  try {
    observe();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(`the observer of the start failed: ${why}`, { code: "observer-failed", cause });
  }
}
