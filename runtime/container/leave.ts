import { closeSync, existsSync, openSync } from "node:fs";
import { monitorsWords } from "../events/container.ts";
import { bootId } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { encodePlan } from "../plan/codec.ts";
import { execPlanOf } from "../plan/exec.ts";
import { lifeOf } from "../spec/life.ts";
import { hasUserNamespace } from "../spec/namespaces.ts";
import { placesAt } from "../state/places.ts";
import { cloneFailure } from "./failure/diagnose.ts";
import { endedEarly, type Joining, joinFailure, statusOf } from "./process/execution.ts";
import { processFacts } from "./process/host-facts.ts";
import { observed, observedStep } from "./process/observe.ts";
import type { Observer } from "./running/container.ts";
import type { OpenCgroups } from "./running/running.ts";

/**
 * Starts a command in a container below a monitor of its own, which reaps it, and tells in the log of events how it ended. Nobody would read a
 * terminal of it, so it has none, as it has no input and output. Settles once it runs; throws Failure when it can't.
 */
export function leave(
  shim: Shim,
  joined: Joining,
  cgroups: OpenCgroups,
  observer: Observer | undefined,
): Promise<void> {
  const { running, spec } = joined;
  const { tasks, cgroup2 } = cgroups;
  const plan = execPlanOf(spec, { ...processFacts(), tasks: tasks.length, life: "detached" });
  observed(() => observer?.planned(plan, []));
  const spawned = withMonitor(joined, (stdio, life) =>
    shim.detach(
      {
        plan: encodePlan(plan.steps, observer !== undefined),
        namespaces: 0,
        stdio,
        lock: -1,
        terminal: false,
        // It waits for nothing: what it would wait for is any descriptor.
        extra: [running.pidfd, running.pidfd, ...tasks, ...cgroup2],
      },
      life,
    ),
  );
  if ("errno" in spawned) throw cloneFailure(spawned.stage, spawned.errno, hasUserNamespace(spec.linux));
  shim.close(spawned.pidfd);
  return new Promise((resolve, reject) => {
    let failure: unknown;
    shim.follow(spawned.container, (event) => {
      observedStep(observer, plan.steps, event);
      if (event.kind === "failed")
        failure = joinFailure({ running, spec, plan }, event.step, event.errno, event.object);
      if (event.kind === "executed") resolve();
      if (event.kind === "exited")
        reject(failure ?? endedEarly({ running, spec, plan }, statusOf(event.exitCode, event.signal)));
    });
  });
}

type Detach = Parameters<Shim["detach"]>;

function withMonitor<T>(
  { container: { root, key }, running: { record }, execID }: Joining,
  use: (stdio: Detach[0]["stdio"], life: Detach[1]) => T,
): T {
  const { monitor, upper } = placesAt(root, key);
  const none = openSync("/dev/null", "r+");
  // The log of events is found from it.
  const directory = openSync(existsSync(monitor) ? monitor : upper, "r");
  const nothing = {
    command: [],
    environment: [],
    others: [],
    othersSlot: 0,
    before: new Uint8Array(),
    health: new Uint8Array(),
  };
  try {
    return use([none, none, none], {
      ...{ ...nothing, life: lifeOf({}), exec: true, guarded: false, movesOn: false, awaitsStarter: false },
      ...{ directory, oom: undefined, boot: bootId(), about: monitorsWords(record, { execID }) },
    });
  } finally {
    closeSync(directory);
    closeSync(none);
  }
}
