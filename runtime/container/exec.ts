import { closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { givenCapabilities } from "../host/capabilities.ts";
import { isGone } from "../host/errno.ts";
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
import type { StartOptions } from "./container.ts";
import { cloneFailure } from "./diagnose.ts";
import { type Execution, follow } from "./execution.ts";
import { processFacts } from "./host-facts.ts";
import { observed } from "./observe.ts";
import { readInside } from "./read-inside.ts";
import { relay } from "./relay.ts";
import { openRootOf, openRunning, type Running, refusePaused } from "./running.ts";

export interface ExecOptions {
  /** As in StartOptions. */
  readonly stdio?: StartOptions["stdio"];
  readonly observer?: StartOptions["observer"] | undefined;
  /** It goes on when this process ends. */
  readonly detached?: boolean | undefined;
}

/**
 * Starts another command in a container that any process started, by its name or the beginning of its id. When the calling thread ends, the kernel kills it. Throws
 * Failure when the container does not run, or is paused.
 */
export async function exec(
  root: string,
  written: string,
  request: ExecRequest,
  options: ExecOptions = {},
): Promise<Execution> {
  const asking = caller(request);
  const container = handleOf(root, written);
  const { name } = container;
  const shim = await openShim();
  const running = await openRunning(shim, container);
  try {
    refusePaused(name, running);
    const spec = execSpecOf(running.record.spec, request, userIn(shim, name, running, request), asking);
    return recorded(root, running, spec, () => launch(shim, running, spec, options));
  } finally {
    shim.close(running.pidfd);
  }
}

/** The end of one that is detached nobody sees. */
function recorded(root: string, { record }: Running, spec: ContainerSpec, start: () => Execution): Execution {
  const execID = newId();
  const words = spec.process.args.join(" ");
  for (const action of ["exec_create", "exec_start"]) containerEvent(root, `${action}: ${words}`, record, { execID });
  const died = (exitCode: number) => containerEvent(root, "exec_die", record, { execID, exitCode: String(exitCode) });
  try {
    const execution = start();
    execution.exited.then(
      (status) => died(exitCodeOf(status)),
      (error) => died(exitCodeFor(error)),
    );
    return execution;
  } catch (error) {
    died(exitCodeFor(error));
    throw error;
  }
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

function launch(shim: Shim, running: Running, spec: ContainerSpec, options: ExecOptions): Execution {
  const { detached = false, observer } = options;
  const joined = openCgroups(running);
  try {
    const plan = execPlanOf(spec, {
      ...processFacts(),
      tasks: joined.tasks.length,
      life: detached ? "detached" : "guarded",
    });
    observed(() => observer?.planned(plan, []));
    const gate = openGate(shim);
    try {
      const number = spawn(shim, running, spec, plan, [gate.slot, ...joined.tasks, ...joined.cgroup2], options);
      return follow(shim, { running, spec, plan, observer, gate }, number);
    } catch (error) {
      shim.close(gate.end);
      throw error;
    } finally {
      shim.close(gate.slot);
    }
  } finally {
    for (const fd of [...joined.tasks, ...joined.cgroup2]) closeSync(fd);
  }
}

interface OpenCgroups {
  /** Of version 1: their files `tasks`. */
  readonly tasks: readonly number[];
  /** One directory, or none. */
  readonly cgroup2: readonly number[];
}

function openCgroups({ cgroups }: Running): OpenCgroups {
  const opened = (version: 1 | 2, open: (path: string) => number) =>
    cgroups.filter((one) => one.version === version).flatMap(({ path }) => ifThere(() => open(path)));
  return {
    tasks: opened(1, (path) => openSync(join(path, "tasks"), constants.O_WRONLY)),
    cgroup2: opened(2, (path) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)),
  };
}

/** The container has none where its user could make none, or has ended. */
function ifThere(open: () => number): number[] {
  try {
    return [open()];
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
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
