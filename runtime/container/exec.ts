import { closeSync } from "node:fs";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { givenCapabilities } from "../host/capabilities.ts";
import { openGate } from "../host/gate.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { identity } from "../host/users/identity.ts";
import { encodePlan } from "../plan/codec.ts";
import { execPlanOf } from "../plan/exec.ts";
import type { Plan } from "../plan/step.ts";
import { type ExecRequest, type ExecUser, execSpecOf } from "../spec/exec.ts";
import { hasUserNamespace } from "../spec/namespaces.ts";
import type { Caller, ContainerSpec } from "../spec/spec.ts";
import { resolveUser } from "../spec/user.ts";
import { handleOf } from "../state/containers.ts";
import { exitCodeOf } from "../state/exit.ts";
import { newId } from "../state/record.ts";
import { cloneFailure } from "./failure/diagnose.ts";
import { leave } from "./leave.ts";
import { type Execution, follow, type Joining } from "./process/execution.ts";
import { processFacts } from "./process/host-facts.ts";
import { observed } from "./process/observe.ts";
import { relay } from "./process/relay.ts";
import type { StartOptions } from "./running/container.ts";
import { readInside } from "./running/read-inside.ts";
import { openRootOf, openRunning, type Running, refusePaused, withCgroups } from "./running/running.ts";

export interface ExecOptions {
  /** As in StartOptions. */
  readonly stdio?: StartOptions["stdio"];
  readonly observer?: StartOptions["observer"] | undefined;
}

/**
 * Starts another command in a container that any process started, by its name or the beginning of its id. When the calling thread ends, the kernel kills it. Throws
 * Failure when the container does not run, or is paused.
 */
export function exec(
  root: string,
  written: string,
  request: ExecRequest,
  options: ExecOptions = {},
): Promise<Execution> {
  return joining(root, written, request, (shim, joined) => {
    const execution = told(joined, () => launch(shim, joined, options));
    execution.exited.then(
      (status) => tellEnd(joined, exitCodeOf(status)),
      (error) => tellEnd(joined, exitCodeFor(error)),
    );
    return execution;
  });
}

/** The same, and the command goes on when this process ends. Settles once it runs; throws Failure when it can't. */
export function execDetached(
  root: string,
  written: string,
  request: ExecRequest,
  observer: StartOptions["observer"] | undefined,
): Promise<void> {
  return joining(root, written, request, async (shim, joined) => {
    const started = told(joined, () =>
      withCgroups(joined.running, (cgroups) => leave(shim, joined, cgroups, observer)),
    );
    // Its monitor tells the end of one that runs.
    await started.catch((error: unknown) => {
      tellEnd(joined, exitCodeFor(error));
      throw error;
    });
  });
}

async function joining<T>(
  root: string,
  written: string,
  request: ExecRequest,
  use: (shim: Shim, joined: Joining) => T | Promise<T>,
): Promise<T> {
  const asking = caller(request);
  const container = handleOf(root, written);
  const { name } = container;
  const shim = await openShim();
  const running = await openRunning(shim, container);
  try {
    refusePaused(name, running);
    const spec = execSpecOf(running.record.spec, request, userIn(shim, name, running, request), asking);
    return await use(shim, { container, running, spec, execID: newId() });
  } finally {
    shim.close(running.pidfd);
  }
}

/** Tells that it starts, and that it has ended where it could not. */
function told<T>(joined: Joining, start: () => T): T {
  const { container, running, spec, execID } = joined;
  const words = spec.process.args.join(" ");
  for (const action of ["exec_create", "exec_start"])
    containerEvent(container.root, `${action}: ${words}`, running.record, { execID });
  try {
    return start();
  } catch (error) {
    tellEnd(joined, exitCodeFor(error));
    throw error;
  }
}

function tellEnd({ container, running, execID }: Joining, exitCode: number): void {
  containerEvent(container.root, "exec_die", running.record, { execID, exitCode: String(exitCode) });
}

/** docker's of a failure here. */
const ENGINE_EXIT = 125;

function exitCodeFor(error: unknown): number {
  return error instanceof Failure ? error.exitCode : ENGINE_EXIT;
}

function caller({ env = [], privileged = false }: ExecRequest): Caller {
  const self = identity();
  const names = ["TERM", ...env.filter((entry) => !entry.includes("="))];
  return {
    ...self,
    env: Object.fromEntries(names.map((key) => [key, process.env[key]])),
    cwd: undefined,
    ...(privileged ? { capabilities: givenCapabilities(self) } : {}),
  };
}

function userIn(shim: Shim, name: string, { process, record }: Running, { user }: ExecRequest): ExecUser {
  if (user === undefined) return { asked: undefined, ownHome: "" };
  const top = openRootOf(name, process);
  try {
    const read = (path: string) => readInside(shim, `/proc/self/fd/${top}`, path);
    const passwd = read("etc/passwd");
    const { home } = resolveUser(String(record.spec.process.user.uid), passwd, "");
    return { asked: resolveUser(user, passwd, read("etc/group")), ownHome: home };
  } finally {
    closeSync(top);
  }
}

function launch(shim: Shim, { running, spec }: Joining, options: ExecOptions): Execution {
  const { observer } = options;
  return withCgroups(running, ({ tasks, cgroup2 }) => {
    const plan = execPlanOf(spec, { ...processFacts(), tasks: tasks.length, life: "guarded" });
    observed(() => observer?.planned(plan, []));
    const gate = openGate(shim);
    try {
      const number = spawn(shim, running, spec, plan, [gate.slot, ...tasks, ...cgroup2], options);
      return follow(shim, { running, spec, plan, observer, gate }, number);
    } catch (error) {
      shim.close(gate.end);
      throw error;
    } finally {
      shim.close(gate.slot);
    }
  });
}

function spawn(
  shim: Shim,
  { pidfd }: Running,
  spec: ContainerSpec,
  plan: Plan,
  slots: readonly number[],
  { stdio = [0, 1, 2], observer }: ExecOptions,
): number {
  const { terminal } = spec.process;
  const spawned = shim.spawn({
    plan: encodePlan(plan.steps, observer !== undefined),
    namespaces: 0,
    ...(terminal ? { stdio, relayed: [] } : relay(stdio, spec)),
    lock: -1,
    terminal,
    extra: [pidfd, ...slots],
  });
  if ("errno" in spawned) throw cloneFailure(spawned.stage, spawned.errno, hasUserNamespace(spec.linux));
  // Of the first process; the shim has its own, and then that of the second.
  shim.close(spawned.pidfd);
  return spawned.container;
}
