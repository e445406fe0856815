import { doneUnless, type FailureCode } from "../failure.ts";

/** A container may end by itself at any moment, and other commands may end it, remove it, pause it and let it go on. */
const CHANGED: readonly FailureCode[] = ["container-not-running", "container-not-found", "container-paused"];

/** Returns whether it was done, or false where the container has changed meanwhile so that it can't be. */
export function unlessChanged(work: Promise<void>): Promise<boolean> {
  return doneUnless(CHANGED, work);
}
