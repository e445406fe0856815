import { Failure } from "../failure.ts";
import { listMembers } from "../spec/limits/cpu-list.ts";
import type { Resources } from "../spec/limits/resources.ts";
import type { CgroupFacts } from "./hierarchy.ts";

/** Throws Failure for more processors than the machine has, or for others. */
export function checkAvailable({ cpu }: Resources, facts: CgroupFacts): void {
  checkCount(cpu, facts.processors);
  checkMembers("processor", cpu.cpus, facts.processors);
  checkMembers("memory node", cpu.mems, facts.memoryNodes);
}

/** The kernel accepts a quota of any number of processors. */
function checkCount({ quota, period }: Resources["cpu"], processors: string): void {
  if (quota === undefined || period === undefined) return;
  const count = listMembers(processors)?.length ?? 0;
  if (quota <= count * period) return;
  throw refused(`can't give the container ${quota / period} processors: this machine has ${count}`);
}

function checkMembers(what: string, asked: string | undefined, available: string): void {
  const there = listMembers(available) ?? [];
  const missing = asked === undefined ? undefined : listMembers(asked)?.find((member) => !there.includes(member));
  if (missing === undefined) return;
  throw refused(`can't give the container ${what} ${missing}: this machine has ${available}`);
}

function refused(message: string): Failure {
  return new Failure(message, { code: "limit-unavailable", remedy: "ask for what this machine has" });
}
