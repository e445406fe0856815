import { closeSync } from "node:fs";
import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { isAlive, type ProcessIdentity } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";
import { isOneOf, isRecordOf, isText, isWhole, type Shape } from "../shape.ts";

/** The first process of a container, with which all others end. */
export interface Process {
  readonly kind: "process";
  readonly pid: number;
  /** As in ProcessIdentity. */
  readonly startTime: string;
}

export const isProcess: Shape<Process> = isRecordOf({ kind: isOneOf("process"), pid: isWhole, startTime: isText });

const SIGKILL = 9;
/** How long a process may take to end, as one with much memory does. */
const END_WAIT_MS = 10_000;

/** Kills it and waits for its end; it need not be a child. Throws Failure when it does not end. */
export async function endProcess(shim: Shim, process: ProcessIdentity): Promise<void> {
  const pidfd = shim.pidfd(process.pid);
  try {
    // The number may be another process's by now; with the descriptor open, what is found alive is what gets the signal.
    if (!isAlive(process)) return;
    const error = pidfd < 0 ? pidfd : killAndWait(shim, pidfd);
    if (error < 0) throw stays(process, errnoText(-error));
  } finally {
    if (pidfd >= 0) closeSync(pidfd);
  }
}

function killAndWait(shim: Shim, pidfd: number): number {
  const sent = shim.signal(pidfd, SIGKILL);
  if (sent < 0) return sent === -ERRNO.ESRCH ? 0 : sent;
  const deadline = Date.now() + END_WAIT_MS;
  for (;;) {
    const ended = shim.wait(pidfd, Math.max(0, deadline - Date.now()));
    // A signal that Node catches, such as a change of the terminal's size.
    if (ended !== -ERRNO.EINTR) return ended;
  }
}

function stays({ pid }: ProcessIdentity, why: string): Failure {
  return new Failure(`can't end process ${pid}: ${why}`, {
    code: "cleanup-failed",
    remedy: `cat /proc/${pid}/stack shows what it waits for`,
  });
}
