import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { isAlive, type ProcessIdentity } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";

/** How long a thread waits in one call, which can delay the exit of this program by as much. */
const WAIT_CALL_MS = 1000;

/** Waits for the end of a process that need not be a child, and returns whether it came within that time; -1: without an end. */
export async function endsWithin(shim: Shim, process: ProcessIdentity, milliseconds: number): Promise<boolean> {
  const deadline = milliseconds < 0 ? Number.POSITIVE_INFINITY : Date.now() + milliseconds;
  const pidfd = shim.pidfd(process.pid);
  if (pidfd < 0) return true;
  try {
    // isAlive is true for a zombie, but its pidfd reports the end.
    while (isAlive(process)) {
      const left = deadline - Date.now();
      if (await endsIn(shim, process, pidfd, Math.max(0, Math.min(left, WAIT_CALL_MS)))) return true;
      if (left <= 0) return false;
    }
    return true;
  } finally {
    shim.close(pidfd);
  }
}

async function endsIn(shim: Shim, { pid }: ProcessIdentity, pidfd: number, milliseconds: number): Promise<boolean> {
  const result = await shim.ended(pidfd, milliseconds);
  if (result === 0) return true;
  if (result === -ERRNO.ETIME || result === -ERRNO.EINTR) return false;
  throw new Failure(`can't wait for process ${pid}: ${errnoText(-result)}`, { code: "internal" });
}
