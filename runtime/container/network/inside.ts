import { closeSync, openSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { isAlive, type ProcessIdentity } from "../../host/process.ts";
import type { Shim } from "../../host/shim.ts";
import { ERRNO } from "../../linux.ts";
import { PROTOCOL } from "../../network/netlink/numbers.ts";
import { encodePlan } from "../../plan/codec.ts";
import type { Step } from "../../plan/step.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import type { ExitStatus } from "../../state/exit.ts";
import { cloneFailure, statusText, stepFailure } from "../failure/diagnose.ts";
import { statusOf } from "../process/execution.ts";
import { observedStep } from "../process/observe.ts";
import type { Observer } from "../running/container.ts";
import { awaitStart, hasExecuted, notRunning } from "../running/running.ts";

/** Does steps in the network of a container's first process. Returns false where that has ended. Throws Failure. */
export async function doInside(
  shim: Shim,
  spec: ContainerSpec,
  process: ProcessIdentity,
  steps: readonly Step[],
  observer?: Observer,
): Promise<boolean> {
  await awaitStart(process);
  const pidfd = shim.pidfd(process.pid);
  if (pidfd < 0) return false;
  try {
    // The pid may have been reused. Once the pidfd is open, the process found alive is the one that it is of.
    if (!isAlive(process)) return false;
    if (!hasExecuted(process.pid)) throw notRunning(spec.name, "being started");
    const container = spawn(shim, pidfd, encodePlan(steps, observer !== undefined));
    return await done(shim, { spec, steps, observer }, container);
  } finally {
    shim.close(pidfd);
  }
}

function spawn(shim: Shim, pidfd: number, plan: Uint8Array): number {
  const none = openSync("/dev/null", "r+");
  const netlink = shim.netlinkOpen(PROTOCOL.NETLINK_ROUTE);
  try {
    if (netlink < 0) throw cloneFailure("descriptors", -netlink, false);
    const spawned = shim.spawn({
      plan,
      namespaces: 0,
      stdio: [none, none, none],
      lock: -1,
      terminal: false,
      extra: [netlink, pidfd],
    });
    if ("errno" in spawned) throw cloneFailure(spawned.stage, spawned.errno, false);
    shim.close(spawned.pidfd);
    return spawned.container;
  } finally {
    if (netlink >= 0) shim.close(netlink);
    closeSync(none);
  }
}

interface Work {
  readonly spec: ContainerSpec;
  readonly steps: readonly Step[];
  readonly observer: Observer | undefined;
}

function done(shim: Shim, { spec, steps, observer }: Work, container: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let failed: { readonly step: number; readonly errno: number; readonly object: string } | undefined;
    shim.listen(container, (event) => {
      if (event.kind === "failed") failed = event;
      observedStep(observer, steps, event);
      if (event.kind !== "exited") return;
      const step = failed && steps[failed.step];
      if (event.exitCode === 0) resolve(true);
      else if (step?.op === "SETNS" && failed?.errno === ERRNO.ESRCH) resolve(false);
      else if (failed) reject(stepFailure(step, failed.errno, failed.object, spec));
      else reject(endedEarly(statusOf(event.exitCode, event.signal)));
    });
  });
}

function endedEarly(status: ExitStatus): Failure {
  return new Failure(`the process in the container's network ended before it was done: ${statusText(status)}`, {
    code: "init-ended",
    remedy: "something outside ended it, such as the out-of-memory killer; see dmesg",
  });
}
