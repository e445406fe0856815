import { abandon } from "../../state/claim.ts";
import { Attempt, type Ended, isUpperRefused } from "./attempt.ts";
import { statusOf, undoFirst } from "./end.ts";
import type { Launch } from "./launch.ts";

/**
 * Starts the container below a monitor, and leaves it to that once the command runs. Throws Failure, with everything still held, when it can't be started.
 */
export async function detach(launch: Launch): Promise<void> {
  const { shim, held, network } = launch;
  try {
    const { attempt, end } = await lastAttempt(launch);
    network.close();
    // Now, and not before: it says why the command does not run.
    if (end) statusOf(attempt, end, launch, undefined);
    shim.close(attempt.spawned.pidfd);
  } catch (error) {
    network.close();
    throw error;
  }
  // Its monitor has the name now.
  abandon(held);
}

/** With its end where the command did not run. */
async function lastAttempt(launch: Launch): Promise<{ attempt: Attempt; end: Ended | undefined }> {
  const first = await attemptOf(launch, false);
  if (launch.kept || !first.end || !isUpperRefused(first.attempt.plan, first.end)) return first;
  await undoFirst(launch);
  return attemptOf(launch, true);
}

async function attemptOf(launch: Launch, upperInMemory: boolean) {
  let executed = () => {};
  const runs = new Promise<undefined>((resolve) => {
    executed = () => resolve(undefined);
  });
  const attempt = new Attempt(launch, upperInMemory, { executed: () => executed(), typed: () => {} });
  return { attempt, end: await Promise.race([runs, attempt.ended]) };
}
