import { chmodSync, chownSync, lstatSync, mkdirSync, utimesSync } from "node:fs";
import type { ContainerSpec } from "../../spec/spec.ts";
import type { Places } from "../../state/places.ts";

/**
 * Makes the upper layer, unless there is one, with the owner, mode and time of the image's root: a container sees those as of its
 * own. What can't be made here is tried again by a step of the plan, which says why.
 */
export function makeUpper({ upper }: Places, { root: { layers } }: ContainerSpec): void {
  try {
    const { uid, gid, mode, atimeMs, mtimeMs } = lstatSync(layers[0] ?? "/");
    mkdirSync(upper, { mode: 0o700 });
    // Without root all of an image is the caller's.
    if (process.geteuid?.() === 0) chownSync(upper, uid, gid);
    chmodSync(upper, mode & 0o7777);
    utimesSync(upper, atimeMs / 1000, mtimeMs / 1000);
  } catch {
    // It is there from an earlier start.
  }
}
