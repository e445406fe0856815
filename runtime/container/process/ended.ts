import { Failure } from "../../failure.ts";
import { errnoText } from "../../host/errno.ts";
import { isAlive, type ProcessIdentity } from "../../host/process.ts";
import type { Shim } from "../../host/shim.ts";
import { sleep } from "../../host/sleep.ts";
import { uptime } from "../../host/uptime.ts";
import { ERRNO } from "../../linux.ts";

/** At first it is looked at now and then: for lack of processes, Node.js would abort instead of making a thread that waits. */
const LOOK_MS = 100;
const LOOK_EVERY_MS = 1;
/** How long a thread waits in one call, which can delay the exit of this program by as much. */
const WAIT_CALL_MS = 1000;

/**
 * Waits for the end of a process that need not be a child, and returns whether it came within that time; -1: without an end.
 * After `signal` it waits for at most a second.
 */
export async function endsWithin(
  shim: Shim,
  process: ProcessIdentity,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = milliseconds < 0 ? Number.POSITIVE_INFINITY : uptime() + milliseconds;
  const pidfd = shim.pidfd(process.pid);
  if (pidfd < 0) return true;
  try {
    if (await endsSoon(shim, pidfd, Math.min(LOOK_MS, milliseconds < 0 ? LOOK_MS : milliseconds))) return true;
    // isAlive is true for a zombie, but its pidfd reports the end.
    while (isAlive(process)) {
      const left = deadline - uptime();
      if (left <= 0 || signal?.aborted) return false;
      if (await endsIn(shim, process, pidfd, Math.min(left, WAIT_CALL_MS))) return true;
    }
    return true;
  } finally {
    shim.close(pidfd);
  }
}

/** The same for a moment, without a thread; 0: whether it has ended. */
export async function endsSoon(shim: Shim, pidfd: number, milliseconds: number): Promise<boolean> {
  const deadline = uptime() + milliseconds;
  while (shim.wait(pidfd, 0) !== 0) {
    if (uptime() >= deadline) return false;
    await sleep(LOOK_EVERY_MS);
  }
  return true;
}

async function endsIn(shim: Shim, { pid }: ProcessIdentity, pidfd: number, milliseconds: number): Promise<boolean> {
  const result = await shim.ended(pidfd, milliseconds);
  if (result === 0) return true;
  if (result === -ERRNO.ETIME || result === -ERRNO.EINTR) return false;
  throw new Failure(`can't wait for process ${pid}: ${errnoText(-result)}`, { code: "internal" });
}
