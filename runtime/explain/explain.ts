import type { CgroupStep } from "../cgroup/step.ts";
import type { Observer } from "../container/running/container.ts";
import { errnoText } from "../host/errno.ts";
import type { Plan, Preparation, Step } from "../plan/step.ts";
import { type Language, reasonText } from "./reason.ts";
import { callOf, cloneCall, guardCall } from "./strace.ts";

export const WORDS = {
  en: {
    clone: "a process in new namespaces, which shares this one's memory until it executes tinydocker-init",
    cloneHere:
      "a process that shares this one's memory until it executes tinydocker-init, so no process of the container sees it yet",
    guard:
      "a process that outlives this one, which may be killed with kill -9, to end the container then; by now it runs",
    guardHere:
      "a process that outlives this one, which may be killed with kill -9, to end the command then; by now it runs",
    took: "time of each step",
    total: "total",
    skipped: "skipped",
    others: "the others were not needed, or its monitor had done them by then",
  },
  zh: {
    clone: "在新的命名空间中创建进程；它在执行 tinydocker-init 之前与本进程共享内存",
    cloneHere: "创建进程；它在执行 tinydocker-init 之前与本进程共享内存，因此容器中的进程此时还看不到它",
    guard: "即使本进程被 kill -9，这个进程仍在，并随即结束容器；此时它已在运行",
    guardHere: "即使本进程被 kill -9，这个进程仍在，并随即结束命令；此时它已在运行",
    took: "各步骤用时",
    total: "合计",
    skipped: "已跳过",
    others: "其余步骤不需要，或监视进程此前已完成",
  },
} as const;

/** The plan's steps, inside and outside the container. */
type Steps = Pick<Plan, "outside" | "steps">;

/**
 * The numbered plan: what was prepared outside the container, then each step's system call, and below each one line with
 * the reason for it.
 */
export function explainPlan(plan: Plan, prepared: readonly Preparation[], language: Language): string {
  const words = WORDS[language];
  // Of a command in a container that runs.
  const isInside = plan.namespaces === 0;
  const explained = (call: string, { reason }: Preparation | Step | CgroupStep) => ({
    call,
    why: reasonText(reason, language),
  });
  return [
    ...prepared.map((one) => explained(one.call, one)),
    ...plan.outside.map((step) => explained(callOf(step), step)),
    { call: cloneCall(plan), why: isInside ? words.cloneHere : words.clone },
    ...plan.steps.map((step) => explained(callOf(step), step)),
    ...(plan.guarded ? [{ call: guardCall(), why: isInside ? words.guardHere : words.guard }] : []),
  ]
    .map(({ call, why }, i) => `${numbered(i + 1)} ${call}\n     ${why}\n`)
    .join("");
}

/** What happened to a step: how many nanoseconds it took, or the errno for which it was skipped. */
export type Outcome = { readonly nanoseconds: bigint } | { readonly errno: number };

/**
 * The times, in the order of the steps, without those that were not reached and without exec, which does not return.
 * `first`: the number of the first step.
 */
export function explainTimes(
  { outside, steps }: Steps,
  first: number,
  outcomes: ReadonlyMap<Step | CgroupStep, Outcome>,
  language: Language,
): string {
  const words = WORDS[language];
  let total = 0n;
  // Undefined: the clone.
  const lines = [...outside, undefined, ...steps].flatMap((step, i) => {
    const outcome = step && outcomes.get(step);
    if (!outcome) return [];
    if ("errno" in outcome)
      return [`${numbered(first + i)} ${words.skipped}: ${errnoText(outcome.errno)}: ${callOf(step)}\n`];
    total += outcome.nanoseconds;
    return [timeLine(first + i, outcome.nanoseconds, callOf(step))];
  });
  return `${words.took}\n${lines.join("")}${totalText(total, language)}`;
}

export function timeLine(number: number, nanoseconds: bigint, call: string): string {
  return `${numbered(number)} ${microseconds(nanoseconds)} ${call}\n`;
}

/** How long all of it took. */
export function totalText(nanoseconds: bigint, language: Language): string {
  return `     ${microseconds(nanoseconds)} ${WORDS[language].total}\n`;
}

/** Writes the plan when it is made, and the times when `finish` is called. */
export function explainer(language: Language, write: (text: string) => void): Observer & { finish(): void } {
  let steps: Steps = { outside: [], steps: [] };
  let first = 0;
  const outcomes = new Map<Step | CgroupStep, Outcome>();
  return {
    planned(plan, prepared) {
      steps = plan;
      first = prepared.length + 1;
      outcomes.clear();
      write(explainPlan(plan, prepared, language));
    },
    took: (step, nanoseconds) => void outcomes.set(step, { nanoseconds }),
    skipped: (step, errno) => void outcomes.set(step, { errno }),
    finish() {
      if (outcomes.size > 0) write(explainTimes(steps, first, outcomes, language));
    },
  };
}

export function numbered(number: number): string {
  return `${String(number).padStart(3)} `;
}

function microseconds(nanoseconds: bigint): string {
  return `${(Number(nanoseconds) / 1000).toFixed(1).padStart(8)} µs`;
}
