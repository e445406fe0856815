import { CLONE, SIGNAL } from "../linux.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { CLONE_NEW } from "./namespaces.ts";
import { commandStep, oomScoreSteps, type ProcessFacts, processSteps, sessionSteps } from "./process.ts";
import type { Plan, Step } from "./step.ts";

/** How the command gets into the container, and what it depends on there. */
export interface ExecFacts extends ProcessFacts {
  /** How many cgroups of version 1 it has. */
  readonly tasks: number;
  /** detached: it goes on when the process that starts it ends. checked: a monitor starts it, and ends it. */
  readonly life: "guarded" | "detached" | "checked";
}

/**
 * The slots: a pidfd of the container's first process, a pipe that lets it on, the files `tasks` of the container's cgroups of
 * version 1, its cgroup2.
 */
const PIDFD_SLOT = 0;
const GATE_SLOT = 1;
const TASKS_SLOT = 2;

/** The one of its cgroup2, which is empty where it has none. */
export function cgroup2Slot({ tasks }: Pick<ExecFacts, "tasks">): number {
  return TASKS_SLOT + tasks;
}

/**
 * Every step of a process into a container that runs, up to the command. `spec`: the container's, with the command's process.
 * Pure.
 */
export function execPlanOf(spec: ContainerSpec, facts: ExecFacts): Plan {
  const { namespaces } = spec.linux;
  const flags = namespaces.reduce((all, { type }) => all | CLONE_NEW[type], 0) & ~CLONE.CLONE_NEWCGROUP;
  return {
    guarded: facts.life === "guarded",
    outside: [],
    namespaces: 0,
    steps: [
      { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "execDies" },
      ...oomScoreSteps(spec),
      { op: "DUMPABLE", dumpable: 0, reason: "untraceable" },
      ...Array.from({ length: facts.tasks }, (_, i): Step => {
        return { op: "JOIN_CGROUP", slot: TASKS_SLOT + i, reason: "execCgroup" };
      }),
      { op: "SETNS", slot: PIDFD_SLOT, namespaces: flags, reason: "join" },
      { op: "CLONE", slot: cgroup2Slot(facts), reason: "joinPid" },
      { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "execDiesToo" },
      // From within it the kernel would refuse a cgroup that is outside.
      { op: "SETNS", slot: PIDFD_SLOT, namespaces: CLONE.CLONE_NEWCGROUP, reason: "joinCgroup" },
      ...sessionSteps(spec.process, { console: false }),
      ...(facts.life === "guarded" ? [{ op: "AWAIT", slot: GATE_SLOT, reason: "execGuarded" } as const] : []),
      ...processSteps(spec, facts, facts.life === "detached" ? OUTLIVES : DIES),
      commandStep(spec, "execInside"),
    ],
  };
}

const DIES = { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "dieWithParentStill" } as const;
const OUTLIVES = { op: "PDEATHSIG", signal: 0, reason: "outlives" } as const;
