import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { hostFailure } from "./failure/diagnose.ts";

/**
 * Throws Failure where the state directory can't be written to: before the first of two changes, where the second one would fail
 * then. A full disk is not noticed, as the first one makes room on it. `root`: the state directory.
 */
export function checkWritable(root: string): void {
  try {
    accessSync(join(root, "locks"), constants.W_OK);
  } catch (error) {
    throw hostFailure(error);
  }
}
