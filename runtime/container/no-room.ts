import type { FailureCode } from "../failure.ts";
import { ERRNO } from "../linux.ts";
import type { Step } from "../plan/step.ts";
import { isBelow } from "../spec/path.ts";
import type { ContainerSpec } from "../spec/spec.ts";

interface NoRoom {
  readonly code: FailureCode;
  readonly remedy: string;
}

/** Where nothing more can be written, and what to do; undefined for a step that failed for another reason. */
export function noRoom(step: Step, errno: number, { mounts }: ContainerSpec): NoRoom | undefined {
  if (errno !== ERRNO.ENOSPC && errno !== ERRNO.EROFS) return undefined;
  const path = "path" in step ? step.path : "/";
  const around = mounts.findLast(({ destination }) => isBelow(path, destination));
  if (around === undefined) return STATE_FULL;
  if (errno === ERRNO.ENOSPC)
    return { code: "no-space", remedy: `free some space in what is mounted on ${around.destination}` };
  return {
    code: step.reason === "workdir" ? "workdir-unusable" : "setup-failed",
    remedy: `${around.destination} is mounted read-only: make ${path} where that comes from, or choose another place`,
  };
}

/** EROFS too: an overlay is mounted read-only when there is no space for its work directory. */
const STATE_FULL: NoRoom = {
  code: "no-space",
  remedy: "free some space on the disk with tinydocker's state directory, or set TINYDOCKER_ROOT to another directory",
};
