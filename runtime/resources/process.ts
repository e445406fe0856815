import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { isAlive, type ProcessIdentity } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { uptime } from "../host/uptime.ts";
import { ERRNO, SIGNAL } from "../linux.ts";
import { isOneOf, isRecordOf, isText, isWhole, type Shape } from "../shape.ts";

/** The first process of a container, with which all others end. */
export interface Process {
  readonly kind: "process";
  readonly pid: number;
  /** As in ProcessIdentity. */
  readonly startTime: string;
  readonly startedAt?: number;
}

export const isProcess: Shape<Process> = isRecordOf(
  { kind: isOneOf("process"), pid: isWhole, startTime: isText },
  { startedAt: isWhole },
);

/** How long a killed process may take to end; one with much memory takes long. */
const END_WAIT_MS = 10_000;

/** Kills it and waits for its end; it need not be a child. Throws Failure when it does not end. */
export async function endProcess(shim: Shim, process: ProcessIdentity): Promise<void> {
  const pidfd = shim.pidfd(process.pid);
  try {
    // The pid may have been reused. Once the pidfd is open, the process found alive is the one that gets the signal.
    if (!isAlive(process)) return;
    const error = pidfd < 0 ? pidfd : killAndWait(shim, pidfd);
    if (error < 0) throw notEnded(process, errnoText(-error));
  } finally {
    if (pidfd >= 0) shim.close(pidfd);
  }
}

function killAndWait(shim: Shim, pidfd: number): number {
  const sent = shim.signal(pidfd, SIGNAL.SIGKILL);
  if (sent < 0) return sent === -ERRNO.ESRCH ? 0 : sent;
  const deadline = uptime() + END_WAIT_MS;
  for (;;) {
    const ended = shim.wait(pidfd, Math.max(0, deadline - uptime()));
    // Interrupted by a signal that Node catches, such as SIGWINCH.
    if (ended !== -ERRNO.EINTR) return ended;
  }
}

function notEnded({ pid }: ProcessIdentity, why: string): Failure {
  return new Failure(`can't end process ${pid}: ${why}`, {
    code: "cleanup-failed",
    remedy: `cat /proc/${pid}/stack shows what it waits for`,
  });
}
