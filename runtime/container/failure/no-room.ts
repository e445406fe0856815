import type { FailureCode } from "../../failure.ts";
import { ERRNO } from "../../linux.ts";
import type { Step } from "../../plan/step.ts";
import type { Mount } from "../../spec/mounts.ts";
import { isBelow } from "../../spec/path.ts";

interface NoRoom {
  readonly code: FailureCode;
  readonly remedy: string;
}

/**
 * Where nothing can be written, and what to do; undefined for a step that failed for another reason. `object`: where its path
 * leads by symlinks, if that is known.
 */
export function noRoom(
  step: Step,
  errno: number,
  object: string,
  mounts: readonly Pick<Mount, "destination">[],
): NoRoom | undefined {
  if (step.reason === "layers" && errno === ERRNO.EACCES) return STATE_UNWRITABLE;
  if (errno !== ERRNO.ENOSPC && errno !== ERRNO.EROFS) return undefined;
  const path = pathInside(step, object);
  const around = path && mounts.findLast(({ destination }) => isBelow(path, destination));
  if (!around) return STATE_FULL;
  if (errno === ERRNO.ENOSPC)
    return { code: "no-space", remedy: `free some space in what is mounted on ${around.destination}` };
  return {
    code: step.reason === "workdir" ? "workdir-unusable" : "setup-failed",
    remedy: `${around.destination} is mounted read-only: make ${path} where that comes from, or choose another place`,
  };
}

/** Other steps' paths are those of the machine. */
function pathInside(step: Step, object: string): string | undefined {
  const isInside = step.reason === "target" || step.reason === "workdir";
  return "path" in step && isInside ? object || step.path : undefined;
}

const STATE_UNWRITABLE: NoRoom = {
  code: "state-unwritable",
  remedy: "make it writable for this user, or set TINYDOCKER_ROOT to another directory",
};

/** EROFS too: an overlay is mounted read-only when there is no space for its work directory. */
const STATE_FULL: NoRoom = {
  code: "no-space",
  remedy: "free some space on the disk with tinydocker's state directory, or set TINYDOCKER_ROOT to another directory",
};
